namespace Treeline.Tests.Execution.Waiting;

/// <summary>
/// The smallest primitive that hands values over, so that one could be lost or given twice: an unbounded queue.
/// </summary>
internal sealed class Mailbox(string name = "mailbox") : ISelectable<int>
{
    private readonly Queue<int> _items = new();
    private Gate _gate;
    private WaiterList<int> _waiters;

    /// <summary>What nobody has received. For when all have ended.</summary>
    public IReadOnlyCollection<int> Items => _items;

    /// <summary>Whether somebody is still in the list. For when all have ended.</summary>
    public bool HasWaiters => !_waiters.IsEmpty;

    public void Send(int item)
    {
        Waiter<int>? receiver;
        using (_gate.Enter())
        {
            if (!_waiters.TryPopClaimed(out receiver))
            {
                _items.Enqueue(item);
                return;
            }
        }

        receiver.Complete(item);
    }

    /// <summary>Closes the mailbox for one who waits.</summary>
    public void FailOne(Exception error)
    {
        Waiter<int>? receiver;
        using (_gate.Enter())
        {
            if (!_waiters.TryPopClaimed(out receiver))
            {
                return;
            }
        }

        receiver.Fail(error);
    }

    /// <summary>Receives with a fiber's awaitable.</summary>
    public WaitAwaitable<int> Receive(CancellationToken cancellationToken = default) =>
        Receive(TimeProvider.System, Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Receives with a fiber's awaitable, for a limited time.</summary>
    public WaitAwaitable<int> Receive(TimeProvider clock, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        Waiter<int> waiter;
        using (_gate.Enter())
        {
            if (_items.TryDequeue(out int item))
            {
                return new WaitAwaitable<int>(item);
            }

            waiter = Waiter<int>.Rent(this, cancellationToken);
            waiter.LimitTo(clock, timeout);
            _waiters.Add(waiter);
        }

        return waiter.AsAwaitable();
    }

    /// <summary>Receives for anybody.</summary>
    public ValueTask<int> ReceiveAsync(Executor executor, CancellationToken cancellationToken = default)
    {
        Waiter<int> waiter;
        using (_gate.Enter())
        {
            if (_items.TryDequeue(out int item))
            {
                return ValueTask.FromResult(item);
            }

            waiter = Waiter<int>.Rent(this, cancellationToken);
            waiter.ResumeOn(executor);
            _waiters.Add(waiter);
        }

        return waiter.AsValueTask();
    }

    /// <summary>Puts a branch of a select in; completes it at once if there is an item and the select is undecided.</summary>
    public Waiter<int> Join(Waiter<WaiterBase> cell)
    {
        var branch = Waiter<int>.RentBranch(this, cell);
        Enter(branch);
        return branch;
    }

    /// <summary>Receiving, as one of several things.</summary>
    public SelectCase<int> Case() => new(this);

    /// <inheritdoc/>
    public void Enter(Waiter<int> branch)
    {
        int item;
        using (_gate.Enter())
        {
            if (_items.Count == 0)
            {
                _waiters.Add(branch);
                return;
            }

            if (!branch.TryClaim())
            {
                return;
            }

            item = _items.Dequeue();
        }

        branch.Complete(item);
    }

    public override string ToString() => name;

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            _waiters.Remove((Waiter<int>)waiter);
        }
    }
}
