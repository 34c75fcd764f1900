using System.Net;
using Treeline.Net;

namespace Treeline.Testing;

/// <summary>Takes simulated connections.</summary>
/// <remarks>
/// <b>Protocol.</b> Everything that changes belongs to <c>_gate</c>. A connection is queued only while nobody who can be claimed waits for it.
/// </remarks>
internal sealed class SimListenSocket(SimHost host, EndPoint local, int backlog, bool reusesPort) : ListenSocket, ISelectable<Nothing>
{
    private readonly Queue<SimSocket> _ready = [];
    private Gate _gate;
    private Waiter<StreamSocket>? _accepting;
    private Waiter<Nothing>? _watching;
    private bool _isDisposed;
    private bool _hasCrashed;

    /// <inheritdoc/>
    public override EndPoint LocalEndPoint => local;

    /// <summary>Whether others may listen there too.</summary>
    public bool ReusesPort => reusesPort;

    /// <summary>Whether it takes no more for now.</summary>
    public bool IsFull
    {
        get
        {
            using (_gate.Enter())
            {
                return _ready.Count > backlog; // as Linux, one more than is said
            }
        }
    }

    private bool IsOver => _isDisposed || _hasCrashed;

    /// <inheritdoc/>
    public override ValueTask<StreamSocket> AcceptAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<StreamSocket>(cancellationToken);
        }

        Waiter<StreamSocket>? waiter = null;
        SimSocket? accepted = null;
        bool isOver;
        bool isBusy;
        using (_gate.Enter())
        {
            isOver = IsOver;
            isBusy = _accepting is not null || _watching is not null;
            if (!isOver && !isBusy && !_ready.TryDequeue(out accepted))
            {
                _accepting = waiter = Waiter<StreamSocket>.Rent(this, cancellationToken);
                waiter.ResumeOn(Executor.Current);
            }
        }

        ThrowIf(isOver, isBusy);
        return waiter is null ? Waiter<StreamSocket>.Over(accepted!) : waiter.AsValueTask();
    }

    /// <inheritdoc/>
    public override SelectCase AcceptableCase() => new(this);

    /// <inheritdoc/>
    public override bool TryAccept(out StreamSocket? accepted)
    {
        SimSocket? ready = null;
        bool isOver;
        bool isBusy;
        using (_gate.Enter())
        {
            isOver = IsOver;
            isBusy = _accepting is not null || _watching is not null;
            if (!isOver && !isBusy)
            {
                _ready.TryDequeue(out ready);
            }
        }

        ThrowIf(isOver, isBusy);
        accepted = ready;
        return ready is not null;
    }

    /// <summary>A connection has come. False: nobody takes it.</summary>
    public bool TryPut(SimSocket socket)
    {
        Waiter<StreamSocket>? accepting;
        Waiter<Nothing>? watching = null;
        using (_gate.Enter())
        {
            if (IsOver)
            {
                return false;
            }

            accepting = _accepting;
            _accepting = null;
            if (accepting is null || !accepting.TryClaim())
            {
                accepting = null;
                _ready.Enqueue(socket);
                watching = ClaimWatching();
            }
        }

        accepting?.Complete(socket);
        watching?.Complete(default);

        return true;
    }

    /// <summary>Its host has crashed.</summary>
    public void Crash() => End(crashed: true);

    /// <inheritdoc/>
    public override void Dispose()
    {
        End(crashed: false);
        host.Forget(this);
    }

    public override string ToString() => $"accept on {local}";

    void ISelectable<Nothing>.Enter(Waiter<Nothing> branch)
    {
        bool isOver;
        bool isBusy;
        using (_gate.Enter())
        {
            isOver = IsOver;
            isBusy = _accepting is not null || _watching is not null;
            if (!isOver && !isBusy && _ready.Count == 0)
            {
                _watching = branch;
                return;
            }

            if (!branch.TryClaim())
            {
                return;
            }
        }

        if (isOver || isBusy)
        {
            branch.Fail(isOver ? Failure() : Busy());
        }
        else
        {
            branch.Complete(default);
        }
    }

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            if (ReferenceEquals(_accepting, waiter))
            {
                _accepting = null;
            }
            else if (ReferenceEquals(_watching, waiter))
            {
                _watching = null;
            }
        }
    }

    private void End(bool crashed)
    {
        Waiter<StreamSocket>? accepting;
        SimSocket[] left;
        Waiter<Nothing>? watching = null;
        using (_gate.Enter())
        {
            _hasCrashed |= crashed;
            _isDisposed |= !crashed;
            accepting = _accepting;
            _accepting = null;
            if (accepting is not null && !accepting.TryClaim())
            {
                accepting = null;
            }

            left = [.. _ready];
            _ready.Clear();
            watching = ClaimWatching();
        }

        foreach (SimSocket socket in left)
        {
            socket.Abort();
        }

        accepting?.Fail(Failure());
        watching?.Fail(Failure());
    }

    // Under the gate.
    private Waiter<Nothing>? ClaimWatching()
    {
        Waiter<Nothing>? watching = _watching;
        _watching = null;
        return watching is not null && watching.TryClaim() ? watching : null;
    }

    private void ThrowIf(bool isOver, bool isBusy)
    {
        if (isOver)
        {
            throw Failure();
        }

        if (isBusy)
        {
            throw Busy();
        }
    }

    private InvalidOperationException Busy() => new(
        $"Somebody accepts on {local} already. One accept may be in flight at a time: await the one before.");

    private Exception Failure() => _hasCrashed && !_isDisposed
        ? SimHost.Down(host, $"Accepting at {local}")
        : new ObjectDisposedException(nameof(ListenSocket), $"The listener at {local} has been disposed.");
}
