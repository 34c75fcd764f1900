using System.Runtime.InteropServices;
using Treeline.Drivers.Linux;

namespace Treeline.Drivers.Uring;

/// <summary>
/// The two queues that are shared with the kernel: what it is asked for, and what it answers (<c>io_uring(7)</c>). With a single issuer
/// and deferred task work: everything that the kernel does for this ring it does while our thread is in <see cref="Enter"/>.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> Made on any thread, and disabled until <see cref="Enable"/> makes the calling thread its owner, who alone calls
/// everything else. Of the four indices that the kernel shares we write the tail of submissions (with release, after the
/// entries) and the head of completions (with release, after we have read the entries); the kernel writes the other two the same way,
/// and we read those with acquire.
/// </remarks>
internal sealed unsafe class Ring : IDisposable
{
    private const int ReadWrite = 3;
    private const int SharedPopulated = 0x8001;
    private const Errno Busy = (Errno)16;
    private const Errno TimeIsOver = (Errno)62; // ETIME; Errno.TimedOut is that of connections

    private readonly int _descriptor;
    private readonly byte* _rings;
    private readonly nuint _ringsSize;
    private readonly UringSubmission* _submissions;
    private readonly nuint _submissionsSize;
    private readonly UringCompletion* _completions;
    private readonly uint* _submissionHead;
    private readonly uint* _submissionTail;
    private readonly uint* _submissionFlags;
    private readonly uint* _completionHead;
    private readonly uint* _completionTail;
    private readonly uint _submissionCount;
    private readonly uint _completionMask;

    private uint _tail;
    private uint _submitted;
    private uint _head;

    private Ring(int descriptor, in UringParameters parameters, byte* rings, nuint ringsSize, UringSubmission* submissions, nuint submissionsSize)
    {
        _descriptor = descriptor;
        _rings = rings;
        _ringsSize = ringsSize;
        _submissions = submissions;
        _submissionsSize = submissionsSize;
        _submissionHead = (uint*)(rings + parameters.SubmissionHead);
        _submissionTail = (uint*)(rings + parameters.SubmissionTail);
        _submissionFlags = (uint*)(rings + parameters.SubmissionFlags);
        _completionHead = (uint*)(rings + parameters.CompletionHead);
        _completionTail = (uint*)(rings + parameters.CompletionTail);
        _completions = (UringCompletion*)(rings + parameters.CompletionEntries);
        _submissionCount = parameters.Submissions;
        _completionMask = parameters.Completions - 1;

        // The kernel looks up entries by way of this array. Ours stand in order for ever.
        var array = (uint*)(rings + parameters.SubmissionArray);
        for (uint i = 0; i < parameters.Submissions; i++)
        {
            array[i] = i;
        }
    }

    /// <summary>How often the kernel was entered; for tests.</summary>
    public long Enters { get; private set; }

    /// <summary>Whether the kernel holds completions back for want of room. They come with the next <see cref="Enter"/>.</summary>
    public bool IsOverflown => (Volatile.Read(ref *_submissionFlags) & UringAbi.SubmissionsOverflown) != 0;

    /// <summary>Whether there are completions to take.</summary>
    public bool HasCompletions => Volatile.Read(ref *_completionTail) != _head;

    /// <summary>Whether entering the kernel would do anything at all.</summary>
    public bool NeedsEnter => _tail != _submitted
        || (Volatile.Read(ref *_submissionFlags) & (UringAbi.SubmissionsOverflown | UringAbi.SubmissionsTaskRun)) != 0;

    /// <summary>Makes a ring. Null: the kernel refuses.</summary>
    /// <param name="submissions">How many entries are handed over at most in one call; a power of two.</param>
    /// <param name="completions">How many answers there is room for; a power of two, and more.</param>
    /// <param name="error">Why it refuses: an error number.</param>
    public static Ring? TryCreate(int submissions, int completions, out Errno error)
    {
        var parameters = default(UringParameters);
        parameters.Completions = (uint)completions;

        // Single issuer and deferred task run: no interrupts and no atomics between our thread and the kernel's. SubmitAll: an entry that is
        // refused at once has its completion like any other, and does not keep back those behind it.
        parameters.Flags = UringAbi.SetupSingleIssuer | UringAbi.SetupDeferTaskRun | UringAbi.SetupDisabled | UringAbi.SetupCqSize
            | UringAbi.SetupTaskRunFlag | UringAbi.SetupSubmitAll;
        int descriptor = (int)UringCalls.Syscall(UringAbi.SysSetup, submissions, (nint)(&parameters), 0, 0, 0, 0);
        if (descriptor < 0)
        {
            error = Libc.LastError;
            return null;
        }

        // Since Linux 5.4 one mapping holds both queues (IORING_FEAT_SINGLE_MMAP); flags that we ask for came later.
        nuint ringsSize = Math.Max(
            parameters.CompletionEntries + (parameters.Completions * (nuint)sizeof(UringCompletion)),
            parameters.SubmissionArray + (parameters.Submissions * (nuint)sizeof(uint)));
        nuint submissionsSize = parameters.Submissions * (nuint)sizeof(UringSubmission);
        void* rings = UringCalls.Map(null, ringsSize, ReadWrite, SharedPopulated, descriptor, UringAbi.OffsetOfRings);
        if ((nint)rings == -1)
        {
            error = Libc.LastError;
            _ = Libc.Close(descriptor);
            return null;
        }

        void* entries = UringCalls.Map(null, submissionsSize, ReadWrite, SharedPopulated, descriptor, UringAbi.OffsetOfEntries);
        if ((nint)entries == -1)
        {
            error = Libc.LastError;
            _ = UringCalls.Unmap(rings, ringsSize);
            _ = Libc.Close(descriptor);
            return null;
        }

        error = Errno.None;
        return new Ring(descriptor, parameters, (byte*)rings, ringsSize, (UringSubmission*)entries, submissionsSize);
    }

    /// <summary>Makes the calling thread the owner.</summary>
    public void Enable()
    {
        Errno error = Register(UringAbi.RegisterEnableRings, null, 0);
        if (error != Errno.None)
        {
            throw Refused("enabled", error);
        }
    }

    /// <summary>Makes something known to the kernel.</summary>
    public Errno Register(uint what, void* argument, uint count) =>
        UringCalls.Syscall(UringAbi.SysRegister, _descriptor, (nint)what, (nint)argument, (nint)count, 0, 0) < 0 ? Libc.LastError : Errno.None;

    /// <summary>
    /// A cleared entry to be filled in before anything else is called here. It is handed over by the next <see cref="Enter"/>, or here
    /// when there is no room.
    /// </summary>
    public UringSubmission* Next()
    {
        while (_tail - Volatile.Read(ref *_submissionHead) >= _submissionCount)
        {
            Enter(waits: false, milliseconds: 0);
        }

        UringSubmission* entry = &_submissions[_tail & (_submissionCount - 1)];
        *entry = default;
        _tail++;
        return entry;
    }

    /// <summary>
    /// Hands over what has been filled in, lets the kernel do what it has put off, and waits for a completion if
    /// <paramref name="waits"/>.
    /// </summary>
    /// <param name="waits">Whether to wait until there is one.</param>
    /// <param name="milliseconds">How long at most; -1: for ever.</param>
    public void Enter(bool waits, int milliseconds)
    {
        Enters++;
        Volatile.Write(ref *_submissionTail, _tail);

        // struct io_uring_getevents_arg and struct __kernel_timespec, on the stack: the kernel reads them during the call only.
        long* time = stackalloc long[2];
        ulong* argument = stackalloc ulong[3];
        argument[0] = argument[1] = argument[2] = 0;
        if (waits && milliseconds >= 0)
        {
            time[0] = milliseconds / 1000;
            time[1] = milliseconds % 1000 * 1_000_000L;
            argument[2] = (ulong)time;
        }

        nint result = UringCalls.Syscall(
            UringAbi.SysEnter,
            _descriptor,
            (nint)(_tail - _submitted),
            waits ? 1 : 0,
            (nint)(UringAbi.EnterGetEvents | UringAbi.EnterExtArg),
            (nint)argument,
            sizeof(ulong) * 3);
        if (result >= 0)
        {
            // However the waiting ended: what it has taken counts.
            _submitted += (uint)result;
            return;
        }

        // Busy: completions have to be taken first. All the others: the wait is over.
        Errno error = Libc.LastError;
        if (error is not (Errno.Interrupted or Errno.Again or Busy or TimeIsOver))
        {
            throw Refused("entered", error);
        }
    }

    /// <summary>Takes the next completion.</summary>
    public bool TryTake(out UringCompletion completion)
    {
        if (!HasCompletions)
        {
            completion = default;
            return false;
        }

        completion = _completions[_head & _completionMask];
        _head++;

        // At once, so that whoever handles it may enter the kernel and find room there.
        Volatile.Write(ref *_completionHead, _head);
        return true;
    }

    /// <summary>
    /// Closes the ring. Nothing of ours may be in the hands of the kernel any more, or else it must not be freed either: the kernel
    /// cancels what is in flight later, by itself.
    /// </summary>
    public void Dispose()
    {
        _ = UringCalls.Unmap(_submissions, _submissionsSize);
        _ = UringCalls.Unmap(_rings, _ringsSize);
        _ = Libc.Close(_descriptor);
    }

    private static InvalidOperationException Refused(string what, Errno error) => new(
        $"The io_uring ring could not be {what}: {Marshal.GetPInvokeErrorMessage((int)error)} (errno {(int)error}). Only the thread that "
        + "attached itself to the driver may wait in it.");
}
