using System.Net;
using Treeline.Drivers.Linux;
using Treeline.Net;

namespace Treeline.Drivers.Uring;

/// <summary>A listening socket of a <see cref="UringDriver"/>: the kernel accepts as long as somebody takes what it has accepted.</summary>
/// <remarks>
/// <b>Protocol.</b> Everything belongs to <c>_gate</c>. <c>_accepted</c> holds descriptors of connections that nobody has asked for yet; there are
/// none while somebody waits who can be claimed. <c>_isAccepting</c>: the operation is in flight; it is asked for when somebody
/// waits, goes on by itself, and is cancelled when <see cref="MostAccepted"/> connections wait: further ones wait in the system, where
/// they count against the backlog. Closing cancels it, and what it brings until its last completion is closed.
/// </remarks>
internal sealed unsafe class UringListenSocket : ListenSocket, IUringSource, ISelectable<Nothing>
{
    /// <summary>How many connections wait here before the rest waits in the system.</summary>
    private const int MostAccepted = 64;

    private readonly UringDriver _driver;
    private readonly int _descriptor;
    private readonly Queue<int> _accepted = new();
    private UringSeat _seat;
    private Gate _gate;
    private Waiter<StreamSocket>? _waiter;
    private WaiterList<Nothing> _cases;
    private Errno _error;
    private bool _isAccepting;
    private bool _isStopping;
    private bool _isClosed;
    private bool _isShutting;
    private bool _isFinished;

    /// <summary>The descriptor is the caller's still if this throws.</summary>
    public UringListenSocket(UringDriver driver, int descriptor, EndPoint local)
    {
        _driver = driver;
        _descriptor = descriptor;
        LocalEndPoint = local;
        driver.Enlist(this);
    }

    [Flags]
    private enum Steps
    {
        None = 0,
        Post = 1,
        Accept = 2,
        Stop = 4,
        Finish = 8,
    }

    public override EndPoint LocalEndPoint { get; }

    ref UringSeat IUringSource.Seat => ref _seat;

    public override ValueTask<StreamSocket> AcceptAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<StreamSocket>(cancellationToken);
        }

        if (TryAccept(out StreamSocket? accepted))
        {
            return Waiter<StreamSocket>.Over(accepted!);
        }

        Waiter<StreamSocket>? waiter = null;
        int descriptor = 0;
        Steps steps;
        using (_gate.Enter())
        {
            CheckIdle();
            if (!_accepted.TryDequeue(out descriptor))
            {
                waiter = Waiter<StreamSocket>.Rent(this, cancellationToken);
                waiter.ResumeOn(_driver.Executor);
                _waiter = waiter;
            }

            steps = Decide();
        }

        Do(steps);
        return waiter?.AsValueTask() ?? Waiter<StreamSocket>.Over(Open(descriptor));
    }

    public override SelectCase AcceptableCase() => new(this);

    public override bool TryAccept(out StreamSocket? accepted)
    {
        int descriptor;
        Errno error;
        bool asks;
        using (_gate.Enter())
        {
            CheckIdle();
            bool isThere = _accepted.TryDequeue(out descriptor);
            if (!isThere)
            {
                descriptor = -1;
            }

            asks = !isThere && !_isAccepting;
            error = _error;
            _error = Errno.None;
            if (asks)
            {
                // Held while this asks the system, so that nobody closes the descriptor or accepts beside us.
                _isAccepting = true;
            }
        }

        if (asks)
        {
            descriptor = error == Errno.None ? AcceptAtOnce(out error) : -1;
            Steps steps;
            using (_gate.Enter())
            {
                _isAccepting = false;
                steps = Decide();
            }

            Do(steps);
        }

        if (descriptor >= 0)
        {
            accepted = Open(descriptor);
            return true;
        }

        accepted = null;
        return error == Errno.None ? false : throw error.ToException($"Accept on {LocalEndPoint}");
    }

    public override void Dispose()
    {
        Waiter<StreamSocket>? waiter;
        var cases = default(WaiterList<Nothing>);
        int[] left;
        Steps steps;
        using (_gate.Enter())
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = _isShutting = true;
            waiter = _waiter;
            _waiter = null;
            if (waiter is not null && !waiter.TryClaim())
            {
                waiter = null;
            }

            while (_cases.TryPopClaimed(out Waiter<Nothing>? branch))
            {
                cases.Add(branch);
            }

            left = [.. _accepted];
            _accepted.Clear();
        }

        // From now on the system refuses connections, although the accept in flight keeps the socket until its last completion.
        _ = Libc.Shutdown(_descriptor, how: 2); // SHUT_RDWR
        using (_gate.Enter())
        {
            _isShutting = false;
            steps = Decide();
        }

        // The system resets those that nobody has accepted when a listener is closed.
        foreach (int descriptor in left)
        {
            UringStreamSocket.Reset(descriptor);
        }

        waiter?.Fail(Closed());
        while (cases.TryPop(out Waiter<Nothing>? branch))
        {
            branch.Fail(Closed());
        }

        Do(steps);
    }

    public override string ToString() => $"accept on {LocalEndPoint}";

    void ISelectable<Nothing>.Enter(Waiter<Nothing> branch)
    {
        Exception? error;
        var steps = Steps.None;
        using (_gate.Enter())
        {
            error = _isClosed ? Closed() : _waiter is { Outcome: WaitOutcome.Pending } ? InUse() : null;
            if (error is not null || _accepted.Count > 0 || _error != Errno.None)
            {
                if (!branch.TryClaim())
                {
                    return;
                }
            }
            else
            {
                _cases.Add(branch);
                branch = null!;
                steps = Decide();
            }
        }

        Do(steps);
        if (error is not null)
        {
            branch.Fail(error);
        }
        else
        {
            branch?.Complete(default);
        }
    }

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            if (ReferenceEquals(waiter, _waiter))
            {
                _waiter = null;
            }
            else if (waiter is Waiter<Nothing> branch)
            {
                _cases.Remove(branch);
            }
        }
    }

    void IUringSource.Advance()
    {
        Steps steps;
        using (_gate.Enter())
        {
            steps = Decide();
        }

        Do(steps);
    }

    void IUringSource.OnCompletion(UringOperation operation, int result, uint flags)
    {
        Waiter<StreamSocket>? waiter = null;
        var cases = default(WaiterList<Nothing>);
        bool isLate;
        Steps steps;
        using (_gate.Enter())
        {
            if ((flags & UringAbi.CompletionHasMore) == 0)
            {
                _isAccepting = _isStopping = false;
            }

            isLate = _isClosed;
            bool failed = result < 0 && IsWorthTelling((Errno)(-result));
            if (!isLate && (result >= 0 || failed))
            {
                if (_waiter is { } first)
                {
                    _waiter = null;
                    waiter = first.TryClaim() ? first : null;
                }

                if (waiter is null)
                {
                    if (failed)
                    {
                        _error = (Errno)(-result);
                    }
                    else
                    {
                        _accepted.Enqueue(result);
                    }
                }

                while (_cases.TryPopClaimed(out Waiter<Nothing>? branch))
                {
                    cases.Add(branch);
                }
            }

            steps = Decide();
        }

        if (isLate && result >= 0)
        {
            UringStreamSocket.Reset(result);
        }

        if (waiter is not null)
        {
            Complete(waiter, result);
        }

        while (cases.TryPop(out Waiter<Nothing>? branch))
        {
            branch.Complete(default);
        }

        Do(steps);
    }

    void IUringSource.End(bool sendsRest)
    {
        Dispose();
        ((IUringSource)this).Advance();
    }

    // What is the matter with one connection only is passed over: it was reset, or its network is gone (accept(2), "Error handling").
    private static bool IsWorthTelling(Errno error) => error is not (Errno.Canceled or Errno.Interrupted or Errno.Again
        or Errno.ConnectionAborted or Errno.NotPermitted or Errno.Protocol or Errno.ProtocolOption or Errno.OperationNotSupported
        or Errno.NetworkDown or Errno.NetworkUnreachable or Errno.HostDown or Errno.HostUnreachable);

    private void Complete(Waiter<StreamSocket> waiter, int result)
    {
        if (result < 0)
        {
            waiter.Fail(((Errno)(-result)).ToException($"Accept on {LocalEndPoint}"));
            return;
        }

        try
        {
            waiter.Complete(Open(result));
        }
        catch (ObjectDisposedException error)
        {
            waiter.Fail(error); // the driver ends
        }
    }

    private UringStreamSocket Open(int descriptor)
    {
        try
        {
            // The address of this end is the listener's, unless that listens on all.
            EndPoint? local = LocalEndPoint is IPEndPoint ip && (ip.Address.Equals(IPAddress.Any) || ip.Address.Equals(IPAddress.IPv6Any))
                ? SocketAddresses.Of(descriptor, remote: false)
                : LocalEndPoint;
            return new UringStreamSocket(_driver, descriptor, local, SocketAddresses.Of(descriptor, remote: true));
        }
        catch
        {
            _ = Libc.Close(descriptor);
            throw;
        }
    }

    /// <summary>A connection that waits in the system, or -1. Called by who has set <c>_isAccepting</c>.</summary>
    private int AcceptAtOnce(out Errno error)
    {
        error = Errno.None;
        while (true)
        {
            // The descriptor blocks (see UringNetwork), so it is asked first; a connection that is there stays until it is accepted.
            ulong poll = (uint)_descriptor | ((ulong)UringCalls.PollIn << 32); // struct pollfd
            if (UringCalls.Poll(&poll, 1, 0) <= 0)
            {
                return -1;
            }

            int descriptor = Libc.Accept(_descriptor, null, null, Libc.CloseOnExec);
            if (descriptor >= 0)
            {
                return descriptor;
            }

            error = Libc.LastError;
            if (IsWorthTelling(error))
            {
                return -1;
            }

            error = Errno.None;
        }
    }

    private Steps Decide()
    {
        var steps = Steps.None;
        if (_isFinished)
        {
            return steps;
        }

        if (_isClosed)
        {
            if (_isShutting)
            {
                return steps; // whoever closes it uses the descriptor still
            }

            if (!_isAccepting || _driver.IsAbandoned)
            {
                steps = Steps.Finish;
            }
            else if (!_isStopping)
            {
                steps = Steps.Stop;
            }
        }
        else if (!_isAccepting)
        {
            if (_accepted.Count == 0 && (_waiter is not null || !_cases.IsEmpty))
            {
                steps = Steps.Accept;
            }
        }
        else if (_accepted.Count >= MostAccepted && !_isStopping)
        {
            steps = Steps.Stop;
        }

        if (steps == Steps.None)
        {
            return steps;
        }

        // What needs the ring is the owner's.
        if (steps != Steps.Finish && !_driver.IsOwner)
        {
            return Steps.Post;
        }

        switch (steps)
        {
            case Steps.Accept:
                _isAccepting = true;
                break;
            case Steps.Stop:
                _isStopping = true;
                break;
            default:
                _isFinished = true;
                break;
        }

        return steps;
    }

    private void Do(Steps steps)
    {
        switch (steps)
        {
            case Steps.Post:
                _driver.Post(this);
                break;

            case Steps.Accept:
                UringSubmission* entry = _driver.Prepare(UringOperation.Accept, this);
                entry->Opcode = UringAbi.OpAccept;
                entry->Descriptor = _descriptor;
                entry->Priority = UringAbi.AcceptMultishot;
                entry->OperationFlags = Libc.CloseOnExec;
                break;

            case Steps.Stop:
                _driver.Cancel(UringOperation.Accept, this);
                break;

            case Steps.Finish:
                _driver.Strike(this);
                _ = Libc.Close(_descriptor);
                break;

            default:
                break;
        }
    }

    private void CheckIdle()
    {
        if (_isClosed)
        {
            throw Closed();
        }

        if (_waiter is { Outcome: WaitOutcome.Pending })
        {
            throw InUse();
        }
    }

    private InvalidOperationException InUse() => new(
        $"Somebody waits to accept on {LocalEndPoint} already. One at a time: let one task accept, and spawn a child for each connection.");

    private ObjectDisposedException Closed() => new(ToString(), $"The listener on {LocalEndPoint} was closed.");
}
