namespace Treeline;

/// <summary>
/// A signal that stays given until it is reset; all who wait for it go on. The smallest state machine over
/// <see cref="WaiterBase">the waiting kernel</see>, and the example of one.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> Everything belongs to <c>_gate</c>. To wait: under the gate, decide that it must be, rent a waiter and
/// put it in the list; outside, make an awaitable of it. To signal: under the gate, take waiters out and claim them, and
/// change what they are given; outside, complete them.
/// </remarks>
/// <param name="name">What people see it called who look at what is waited for.</param>
internal sealed class ManualResetSignal(string name = "a signal") : IWaitQueue
{
    private Gate _gate;
    private bool _isSet;
    private Exception? _error;
    private WaiterList<Nothing> _waiters;

    /// <summary>Whether a wait would go on at once.</summary>
    public bool IsSet
    {
        get
        {
            using (_gate.Enter())
            {
                return _isSet;
            }
        }
    }

    /// <summary>Waits until the signal is set. Cancellation: takes nothing, so nothing is lost.</summary>
    public ValueTask WaitAsync(CancellationToken cancellationToken = default) =>
        Enlist(cancellationToken) is { } waiter ? waiter.AsVoidValueTask() : ValueTask.CompletedTask;

    /// <summary>As <see cref="WaitAsync(CancellationToken)"/>, for a limited time.</summary>
    /// <exception cref="TimeoutException">The time has passed.</exception>
    public ValueTask WaitAsync(TimeSpan timeout, TimeProvider clock, CancellationToken cancellationToken = default) =>
        Enlist(cancellationToken, timeout, clock) is { } waiter ? waiter.AsVoidValueTask() : ValueTask.CompletedTask;

    /// <summary>As <see cref="WaitAsync(CancellationToken)"/>, for fibers.</summary>
    public WaitAwaitable<Nothing> Wait(CancellationToken cancellationToken = default) =>
        Enlist(cancellationToken) is { } waiter ? waiter.AsAwaitable() : new WaitAwaitable<Nothing>(default(Nothing));

    /// <summary>Lets all go on who wait, and who will.</summary>
    public void Set() => End(error: null);

    /// <summary>Makes all fail who wait, and who will.</summary>
    public void Fail(Exception error) => End(error);

    /// <summary>Makes those wait again who come from now on.</summary>
    public void Reset()
    {
        using (_gate.Enter())
        {
            _isSet = false;
            _error = null;
        }
    }

    public override string ToString() => name;

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            _waiters.Remove((Waiter<Nothing>)waiter);
        }
    }

    private Waiter<Nothing>? Enlist(CancellationToken cancellationToken, TimeSpan? timeout = null, TimeProvider? clock = null)
    {
        using (_gate.Enter())
        {
            if (_isSet)
            {
                return _error is null ? null : throw _error;
            }

            Waiter<Nothing> waiter = Waiter<Nothing>.Rent(this, cancellationToken);
            if (timeout is { } limit)
            {
                waiter.LimitTo(clock!, limit);
            }

            _waiters.Add(waiter);
            return waiter;
        }
    }

    private void End(Exception? error)
    {
        // A claimed waiter is its claimer's, links included.
        var claimed = default(WaiterList<Nothing>);
        using (_gate.Enter())
        {
            _isSet = true;
            _error = error;
            while (_waiters.TryPopClaimed(out Waiter<Nothing>? waiter))
            {
                claimed.Add(waiter);
            }
        }

        while (claimed.TryPop(out Waiter<Nothing>? waiter))
        {
            if (error is null)
            {
                waiter.Complete(default);
            }
            else
            {
                waiter.Fail(error);
            }
        }
    }
}
