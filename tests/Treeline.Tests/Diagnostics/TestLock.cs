namespace Treeline.Tests.Diagnostics;

/// <summary>A lock with a name that knows which node holds it: the smallest primitive of which deadlocks can be made.</summary>
internal sealed class TestLock(string name) : IHeld
{
    private Gate _gate;
    private bool _taken;
    private NodeRef? _holder;
    private WaiterList<Nothing> _waiters;

    /// <summary>Takes it, with a fiber's awaitable.</summary>
    public WaitAwaitable<Nothing> Take(CancellationToken cancellationToken = default) =>
        Enlist(Timeout.InfiniteTimeSpan, cancellationToken) is { } waiter ? waiter.AsAwaitable() : new WaitAwaitable<Nothing>(default(Nothing));

    /// <summary>Takes it, for anybody.</summary>
    public ValueTask<Nothing> TakeAsync(CancellationToken cancellationToken = default) =>
        TakeAsync(Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Takes it, for anybody, or gives up after a time.</summary>
    public ValueTask<Nothing> TakeAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        Enlist(timeout, cancellationToken) is { } waiter ? waiter.AsValueTask() : default;

    /// <summary>Notes who it was that took it: called by the holder, after the wait.</summary>
    public void NoteHolder() => NoteHolder(Ambient.Current is { } node ? new NodeRef(node) : null);

    public void GiveBack()
    {
        Waiter<Nothing>? next;
        using (_gate.Enter())
        {
            _holder = null;
            _taken = _waiters.TryPopClaimed(out next);
        }

        next?.Complete(default);
    }

    /// <summary>Whether somebody is noted as the holder.</summary>
    public bool HasHolder
    {
        get
        {
            using (_gate.Enter())
            {
                return _holder is not null;
            }
        }
    }

    void IHeld.AddHolders(List<NodeRef> into)
    {
        using (_gate.Enter())
        {
            if (_holder is { } holder)
            {
                into.Add(holder);
            }
        }
    }

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            _waiters.Remove((Waiter<Nothing>)waiter);
        }
    }

    public override string ToString() => $"lock '{name}'";

    private void NoteHolder(NodeRef? holder)
    {
        using (_gate.Enter())
        {
            _holder = holder;
        }
    }

    private Waiter<Nothing>? Enlist(TimeSpan timeout, CancellationToken cancellationToken)
    {
        using (_gate.Enter())
        {
            if (!_taken)
            {
                _taken = true;
                return null;
            }

            Waiter<Nothing> waiter = Waiter<Nothing>.Rent(this, cancellationToken);
            waiter.LimitTo(TimeProvider.System, timeout);
            _waiters.Add(waiter);
            return waiter;
        }
    }
}
