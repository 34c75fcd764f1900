using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Treeline.Drivers.Linux;
using Treeline.Net;

namespace Treeline.Drivers.Uring;

/// <summary>
/// Drives sockets by io_uring: one thread asks the kernel for many things in one call and waits in the same call for what has come
/// of them. For a runtime with a thread to a core, each of which has a driver of its own.
/// </summary>
/// <remarks>
/// <para><b>Protocol.</b> The ring belongs to the thread that has called <see cref="Attach"/>, the <i>owner</i>: it alone hands over and takes,
/// because a single issuer is what makes it fast. A socket belongs to a gate of its own, and its state says what it wants of the
/// kernel. The owner looks at it and asks (<see cref="IUringSource.Advance"/>); any other thread changes the state, does what needs no
/// ring (to close what is idle), or else puts the socket in <c>_posted</c> under <c>_gate</c> and wakes the owner. So nothing is ever done to the ring from outside, and there are no messages that could
/// come in a wrong order: only a state, and somebody who looks at it afterwards.</para>
/// <para><b>Completions</b> carry operation, place and generation of the socket. A socket leaves its place, which counts the
/// generation up, before its descriptor is closed, and only when nothing of it is in flight: so a completion finds its socket or, if anything
/// went wrong, nobody, and what it brought (a buffer, a connection) is given back.</para>
/// <para><b>No wake-up is lost.</b> Whoever waits stores <c>_asleep</c>, passes a full fence, looks at <c>_woken</c>, then waits. Whoever wakes
/// stores <c>_woken</c>, passes a full fence, and takes <c>_asleep</c>: one of the two sees the other. A read of the event descriptor is always in
/// flight while the owner waits, so writing there ends the wait.</para>
/// <para><b>Memory.</b> What is in the hands of the kernel is freed when the completion of the operation has come, never before: the
/// driver cancels, and waits for what that brings.</para>
/// </remarks>
internal sealed unsafe class UringDriver : Driver
{
    private const int Submissions = 1024;
    private const int Completions = 8192;
    private const int FirstBuffers = 256;
    private const int MostBuffers = 4096;

    private const int OperationShift = 56;
    private const int GenerationShift = 32;
    private const uint GenerationMask = 0xFF_FFFF;

    // What has been written and not been sent when the driver ends is given this long.
    private static readonly TimeSpan s_flushing = TimeSpan.FromMilliseconds(500);

    private readonly Ring _ring;
    private readonly BufferRing _buffers;
    private readonly ChunkPool _chunks = new();
    private readonly UringNetwork _network;
    private readonly int _event;

    // Where the kernel writes what it reads from _event.
    private readonly ulong* _eventCount = (ulong*)NativeMemory.AllocZeroed(sizeof(ulong));

    private Gate _gate;
    private IUringSource?[] _sources = new IUringSource?[64];
    private uint[] _generations = new uint[64];
    private int[] _free = new int[64];
    private int _freeCount;
    private int _slots;
    private int _open;
    private IUringSource? _posted;
    private bool _isDisposed;
    private volatile bool _isAbandoned;

    private int _owner;
    private int _asleep;
    private int _woken;
    private bool _listens;
    private bool _isDispatching;
    private volatile bool _isEnding;
    private int _wakers;

    private UringDriver(Ring ring, BufferRing buffers, int eventDescriptor)
    {
        _ring = ring;
        _buffers = buffers;
        _event = eventDescriptor;
        _network = new UringNetwork(this);
    }

    public override string Name => "io_uring";

    public override Network Network => _network;

    /// <summary>Whether the calling thread is the one that may use the ring.</summary>
    public bool IsOwner => _owner == Environment.CurrentManagedThreadId;

    /// <summary>How many sockets, and attempts to connect one, there are.</summary>
    public int Open
    {
        get
        {
            using (_gate.Enter())
            {
                return _open;
            }
        }
    }

    /// <summary>Where bytes wait to be sent.</summary>
    public ChunkPool Chunks => _chunks;

    /// <summary>Where bytes are received.</summary>
    public BufferRing Buffers => _buffers;

    /// <summary>For tests.</summary>
    public Ring Ring => _ring;

    /// <summary>Makes a driver if the system lets us.</summary>
    /// <param name="driver">It, or null.</param>
    /// <param name="obstacle">Why not, for people; null if it was made.</param>
    public static bool TryCreate([NotNullWhen(true)] out UringDriver? driver, [NotNullWhen(false)] out string? obstacle) =>
        TryCreate(Submissions, Completions, FirstBuffers, MostBuffers, out driver, out obstacle);

    /// <summary>As <see cref="TryCreate(out UringDriver?, out string?)"/>, with sizes that a test wants.</summary>
    public static bool TryCreate(
        int submissions,
        int completions,
        int firstBuffers,
        int mostBuffers,
        [NotNullWhen(true)] out UringDriver? driver,
        [NotNullWhen(false)] out string? obstacle)
    {
        driver = null;
        if (!OperatingSystem.IsLinux() || !BitConverter.IsLittleEndian)
        {
            obstacle = "io_uring is an interface of Linux.";
            return false;
        }

        if (Ring.TryCreate(submissions, completions, out Errno error) is not { } ring)
        {
            obstacle = Explain(error);
            return false;
        }

        if (BufferRing.TryCreate(ring, firstBuffers, mostBuffers, out error) is not { } buffers)
        {
            ring.Dispose();
            obstacle = Explain(error);
            return false;
        }

        // Not O_NONBLOCK: io_uring would not wait for such a descriptor, but fail with EAGAIN.
        int eventDescriptor = Libc.EventDescriptor(0, Libc.CloseOnExec);
        if (eventDescriptor < 0)
        {
            error = Libc.LastError;
            ring.Dispose();
            buffers.Dispose();
            obstacle = Explain(error);
            return false;
        }

        driver = new UringDriver(ring, buffers, eventDescriptor);
        obstacle = null;
        return true;
    }

    /// <summary>What an error number means that a ring was refused with.</summary>
    public static string Explain(Errno error) => error switch
    {
        Errno.NotPermitted => "io_uring is forbidden here (EPERM): by a seccomp profile, as most containers have one, or by the sysctl "
            + "kernel.io_uring_disabled.",
        Errno.NoMemory => "io_uring gets no memory here (ENOMEM): the limit of locked memory (ulimit -l) or that of the container is too low.",
        Errno.Access => "io_uring is forbidden here (EACCES).",
        Errno.Invalid => "The kernel's io_uring is too old (EINVAL): Linux 6.1 or later is needed, for IORING_SETUP_DEFER_TASKRUN.",
        Errno.FileTableFull or Errno.TooManyFiles => "io_uring needs a file descriptor, and there is none left (EMFILE).",
        Errno.NotImplemented => "There is no io_uring in this kernel, or it is hidden (ENOSYS).",
        _ => $"io_uring is refused here: {Marshal.GetPInvokeErrorMessage((int)error)} (errno {(int)error}).",
    };

    public override void Attach()
    {
        Debug.Assert(_owner == 0, "A driver has one owner, for ever.");
        _ring.Enable();
        _owner = Environment.CurrentManagedThreadId;
        Listen();
    }

    public override bool Wait(int milliseconds)
    {
        if (_ring.HasCompletions || HasPosted)
        {
            milliseconds = 0;
        }

        if (milliseconds == 0)
        {
            if (_ring.NeedsEnter)
            {
                _ring.Enter(waits: false, milliseconds: 0);
            }
        }
        else
        {
            Volatile.Write(ref _asleep, 1);
            Interlocked.MemoryBarrier(); // with the one in Wake
            bool waits = Volatile.Read(ref _woken) == 0;
            _ring.Enter(waits, milliseconds);
            Volatile.Write(ref _asleep, 0);
        }

        // Whatever woke until now has ended this wait.
        if (Volatile.Read(ref _woken) != 0)
        {
            Interlocked.Exchange(ref _woken, 0);
        }

        return _ring.HasCompletions || HasPosted;
    }

    public override void Dispatch()
    {
        _isDispatching = true;
        while (TakePosted() is { } source)
        {
            source.Advance();
        }

        while (_ring.TryTake(out UringCompletion completion))
        {
            Dispatch(completion);
        }

        _isDispatching = false;
    }

    /// <summary>
    /// Hands over what is asked for, and takes what comes of it at once. Only on the owner's thread, in code that the runtime runs there; false
    /// elsewhere. The continuations are scheduled, as ever.
    /// </summary>
    public bool TryTurn()
    {
        if (!IsOwner || _isDispatching)
        {
            return false;
        }

        _ring.Enter(waits: false, milliseconds: 0);
        Dispatch();
        return true;
    }

    public override void Wake()
    {
        Interlocked.Exchange(ref _woken, 1); // a full fence, with the one in Wait
        if (Volatile.Read(ref _asleep) == 0)
        {
            return;
        }

        Interlocked.Increment(ref _wakers); // with the look at it in Dispose
        if (!_isEnding && Interlocked.Exchange(ref _asleep, 0) != 0)
        {
            ulong one = 1;
            _ = Libc.Write(_event, &one, sizeof(ulong));
        }

        Interlocked.Decrement(ref _wakers);
    }

    /// <summary>
    /// Closes what is open, and the ring, while its owner is still there: only it may cancel, and see the end of what is in flight.
    /// </summary>
    public override void Detach() => End();

    /// <summary>
    /// Does nothing after <see cref="Detach"/>. If the owner went without it, the kernel has cancelled everything by now; but as that cannot be
    /// seen, memory that was in the kernel's hands is not freed.
    /// </summary>
    public override void Dispose() => End();

    private void End()
    {
        using (_gate.Enter())
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
        }

        if (_owner == 0)
        {
            Attach(); // it never ran: nothing is in flight, but there may be sockets
        }

        if (IsOwner)
        {
            Finish();
            _ring.Dispose();
            _buffers.Dispose();
            _chunks.Dispose();
            NativeMemory.Free(_eventCount);
        }
        else
        {
            _isAbandoned = true;
            EndAll(sendsRest: false);
            _isEnding = true;
            _ring.Dispose();
        }

        // Whoever is about to write to the event has counted itself before it looked whether this is ending.
        Interlocked.MemoryBarrier();
        SpinWait.SpinUntil(() => Volatile.Read(ref _wakers) == 0);
        _ = Libc.Close(_event);
    }

    /// <summary>Until nothing is in the hands of the kernel. Owner.</summary>
    private void Finish()
    {
        EndAll(sendsRest: true);
        long start = Stopwatch.GetTimestamp();
        while (Open > 0)
        {
            if (Stopwatch.GetElapsedTime(start) > s_flushing)
            {
                EndAll(sendsRest: false);
            }

            Wait(10);
            Dispatch();
        }

        _isEnding = true;
        UringSubmission* entry = Prepare(UringOperation.None, source: null);
        entry->Opcode = UringAbi.OpCancel;
        entry->Descriptor = -1;
        entry->OperationFlags = UringAbi.CancelAny | UringAbi.CancelAll;
        while (_listens)
        {
            Wait(10);
            Dispatch();
        }
    }

    /// <summary>Whether nobody is there any more to take completions: the driver was disposed by another than its owner.</summary>
    public bool IsAbandoned => _isAbandoned;

    /// <summary>Gives <paramref name="source"/> a place. Any thread.</summary>
    /// <exception cref="ObjectDisposedException">The driver has ended.</exception>
    public void Enlist(IUringSource source)
    {
        using (_gate.Enter())
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            int slot;
            if (_freeCount > 0)
            {
                slot = _free[--_freeCount];
            }
            else
            {
                slot = _slots++;
                if (slot == _sources.Length)
                {
                    // The owner reads the table without the gate: it may see the old one, where whatever has had a completion is too.
                    Array.Resize(ref _generations, slot * 2);
                    Array.Resize(ref _free, slot * 2);
                    IUringSource?[] larger = new IUringSource?[slot * 2];
                    _sources.CopyTo(larger, 0);
                    Volatile.Write(ref _sources, larger);
                }
            }

            _sources[slot] = source;
            source.Seat.Slot = slot;
            source.Seat.Generation = _generations[slot];
            _open++;
        }
    }

    /// <summary>Takes <paramref name="source"/> out: nothing of it is in flight. Before its descriptor is closed. Any thread.</summary>
    public void Strike(IUringSource source)
    {
        using (_gate.Enter())
        {
            int slot = source.Seat.Slot;
            _sources[slot] = null;
            _generations[slot] = (_generations[slot] + 1) & GenerationMask;
            _free[_freeCount++] = slot;
            _open--;
        }
    }

    /// <summary>Makes the owner look at <paramref name="source"/>. Any other thread.</summary>
    public void Post(IUringSource source)
    {
        if (_isAbandoned)
        {
            source.Advance(); // nothing is in flight, and there is no owner: closing is all that is left to do
            return;
        }

        using (_gate.Enter())
        {
            if (source.Seat.IsPosted)
            {
                return;
            }

            source.Seat.IsPosted = true;
            source.Seat.NextPosted = _posted;
            _posted = source;
        }

        Wake();
    }

    /// <summary>An entry for an operation of <paramref name="source"/>, to be filled in. Owner.</summary>
    public UringSubmission* Prepare(UringOperation operation, IUringSource? source)
    {
        Debug.Assert(IsOwner, "The ring is its owner's.");
        UringSubmission* entry = _ring.Next();
        entry->UserData = source is null ? (ulong)operation << OperationShift : UserData(operation, source);
        return entry;
    }

    /// <summary>Asks that an operation be ended early. It will complete, one way or the other. Owner.</summary>
    public void Cancel(UringOperation operation, IUringSource source)
    {
        UringSubmission* entry = Prepare(UringOperation.None, source: null);
        entry->Opcode = UringAbi.OpCancel;
        entry->Descriptor = -1;
        entry->Address = UserData(operation, source);
    }

    /// <summary>Gives back a chunk, wherever it is from. Any thread.</summary>
    public void Recycle(Chunk* chunk)
    {
        if (chunk->Index >= 0)
        {
            _buffers.Return(chunk);
        }
        else
        {
            _chunks.Return(chunk);
        }
    }

    /// <summary>Gives back all chunks of a list.</summary>
    public void Recycle(ref ChunkList chunks)
    {
        while (!chunks.IsEmpty)
        {
            Recycle(chunks.TakeFirst());
        }
    }

    private static ulong UserData(UringOperation operation, IUringSource source) =>
        ((ulong)operation << OperationShift) | ((ulong)source.Seat.Generation << GenerationShift) | (uint)source.Seat.Slot;

    private bool HasPosted => Volatile.Read(ref _posted) is not null;

    private IUringSource? TakePosted()
    {
        if (!HasPosted)
        {
            return null;
        }

        using (_gate.Enter())
        {
            IUringSource source = _posted!;
            _posted = source.Seat.NextPosted;
            source.Seat.NextPosted = null;
            source.Seat.IsPosted = false;
            return source;
        }
    }

    private void Dispatch(in UringCompletion completion)
    {
        var operation = (UringOperation)(completion.UserData >> OperationShift);
        if (operation == UringOperation.None)
        {
            return;
        }

        if (operation == UringOperation.Wake)
        {
            _listens = false;
            if (!_isEnding)
            {
                Listen();
            }

            return;
        }

        var slot = (uint)completion.UserData;
        uint generation = (uint)(completion.UserData >> GenerationShift) & GenerationMask;
        if (Volatile.Read(ref _sources)[slot] is { } source && source.Seat.Generation == generation)
        {
            source.OnCompletion(operation, completion.Result, completion.Flags);
            return;
        }

        Debug.Fail("A socket left before the last of its completions.");
        if ((completion.Flags & UringAbi.CompletionHasBuffer) != 0)
        {
            _buffers.Return(_buffers.Take((int)(completion.Flags >> 16), 0));
        }

        if (operation == UringOperation.Accept && completion.Result >= 0)
        {
            _ = Libc.Close(completion.Result);
        }
    }

    /// <summary>Reads the event descriptor, which whoever wakes writes to. The kernel keeps the address until the completion.</summary>
    private void Listen()
    {
        _listens = true;
        UringSubmission* entry = Prepare(UringOperation.Wake, source: null);
        entry->Opcode = UringAbi.OpRead;
        entry->Descriptor = _event;
        entry->Address = (ulong)_eventCount;
        entry->Length = sizeof(ulong);
    }

    private void EndAll(bool sendsRest)
    {
        IUringSource?[] all;
        using (_gate.Enter())
        {
            all = [.. _sources];
        }

        foreach (IUringSource? source in all)
        {
            source?.End(sendsRest);
        }
    }
}
