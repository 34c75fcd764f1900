namespace Treeline;

/// <summary>
/// Whose turn it is to use something that serves one at a time. Waiting for it holds no thread.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> Everything belongs to <c>_gate</c>. To take the turn: <c>while (!TryEnter()) await Wait(token)</c>. It
/// is not handed over: who leaves frees it and wakes the first who waits, and whoever is quickest takes it. A turn is used
/// for far less time than it takes to wake somebody, so handing it over would make all go at the pace of waking. A wake-up
/// is not lost, because the woken one tries, and enters or finds somebody in who will wake the next.
/// </remarks>
/// <param name="name">What people see it called who look at what is waited for.</param>
internal sealed class Turn(string name) : IWaitQueue
{
    private Gate _gate;
    private bool _taken;
    private WaiterList<Nothing> _waiters;

    /// <summary>Takes the turn if it is free.</summary>
    public bool TryEnter()
    {
        using (_gate.Enter())
        {
            if (_taken)
            {
                return false;
            }

            _taken = true;
            return true;
        }
    }

    /// <summary>Waits until the turn may be free. Cancellation: nothing was taken.</summary>
    public WaitAwaitable<Nothing> Wait(CancellationToken cancellationToken)
    {
        Waiter<Nothing> waiter;
        using (_gate.Enter())
        {
            if (!_taken)
            {
                return new WaitAwaitable<Nothing>(default(Nothing));
            }

            waiter = Waiter<Nothing>.Rent(this, cancellationToken);
            _waiters.Add(waiter);
        }

        return waiter.AsAwaitable();
    }

    /// <summary>Gives the turn back.</summary>
    public void Leave()
    {
        Waiter<Nothing>? next;
        using (_gate.Enter())
        {
            _taken = false;
            _waiters.TryPopClaimed(out next);
        }

        next?.Complete(default);
    }

    public override string ToString() => name;

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            _waiters.Remove((Waiter<Nothing>)waiter);
        }
    }
}
