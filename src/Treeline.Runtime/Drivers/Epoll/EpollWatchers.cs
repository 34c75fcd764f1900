using Treeline.Net;

namespace Treeline.Drivers.Epoll;

/// <summary>Those who want to know when an operation need not wait, without attempting it: any number, cases of selects among them.</summary>
/// <remarks>
/// <b>Protocol.</b> The list belongs to the gate. Who enters stands in the list and looks, after a full fence, whether the operation is ready
/// already; who makes it ready (an atomic operation) looks at <c>_any</c> afterwards. One of the two sees what the other did. All are told at
/// once, and attempt in an order of their own: some may find nothing, and wait again.
/// </remarks>
internal sealed class EpollWatchers(EpollSocket socket, EpollOperation operation) : ISelectable<Nothing>
{
    private Gate _gate;
    private WaiterList<Nothing> _waiters;
    private bool _any;

    /// <summary>Waits until the operation need not wait. Cancellation: takes nothing, so nothing is lost.</summary>
    public ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        if (socket.IsClosed)
        {
            return ValueTask.FromException(socket.Disposed());
        }

        ThrowIfInFlight();
        if (operation.MayBeReady)
        {
            return Waiter<Nothing>.Over();
        }

        Waiter<Nothing> waiter = Waiter<Nothing>.Rent(this, cancellationToken);
        waiter.ResumeOn(socket.Driver.Executor);
        Add(waiter);
        return waiter.AsVoidValueTask();
    }

    /// <summary>The operation is ready, or the socket closed.</summary>
    public void Tell()
    {
        if (!Volatile.Read(ref _any))
        {
            return;
        }

        while (true)
        {
            Waiter<Nothing>? waiter;
            using (_gate.Enter())
            {
                if (!_waiters.TryPopClaimed(out waiter))
                {
                    _any = false;
                    return;
                }
            }

            if (socket.IsClosed)
            {
                waiter.Fail(socket.Disposed());
            }
            else
            {
                waiter.Complete(default);
            }
        }
    }

    public override string ToString() => $"{operation} (until it is ready)";

    void ISelectable<Nothing>.Enter(Waiter<Nothing> branch)
    {
        ThrowIfInFlight();
        Add(branch);
    }

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            _waiters.Remove((Waiter<Nothing>)waiter);
        }
    }

    private void ThrowIfInFlight()
    {
        if (operation.IsInFlight && !socket.IsClosed)
        {
            throw SocketErrors.Busy(operation.ToString()!);
        }
    }

    private void Add(Waiter<Nothing> waiter)
    {
        using (_gate.Enter())
        {
            _waiters.Add(waiter);
            _any = true;
        }

        Interlocked.MemoryBarrier();
        if (operation.MayBeReady)
        {
            Tell();
        }
    }
}
