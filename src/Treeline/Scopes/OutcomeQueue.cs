namespace Treeline;

/// <summary>The outcomes of a join set in the order in which its children ended, and who waits for one.</summary>
/// <remarks>
/// <b>Protocol.</b> Everything belongs to <c>_gate</c>. <c>_outstanding</c> counts the children that are watched and whose
/// outcome nobody has. Somebody waits only while nothing is ready and something is outstanding: an outcome goes to the first
/// who waits, and when that was the last, the others are told that there are no more. As with every primitive over the
/// waiting kernel, a waiter is claimed under the gate and completed outside.
/// </remarks>
/// <typeparam name="T">The type of the results.</typeparam>
/// <param name="scope">Whose children they are; for the name.</param>
internal sealed class OutcomeQueue<T>(TaskScope scope) : IWaitQueue
{
    private Gate _gate;
    private JoinEntry<T>? _first;
    private JoinEntry<T>? _last;
    private int _outstanding;
    private WaiterList<Outcome<T>?> _waiters;

    public int Count
    {
        get
        {
            using (_gate.Enter())
            {
                return _outstanding;
            }
        }
    }

    /// <summary>The child's outcome is to come here, whether or not it has ended.</summary>
    public ChildTask Watch(ChildTask<T> child)
    {
        using (_gate.Enter())
        {
            _outstanding++;
        }

        var entry = JoinEntry<T>.Rent(this, child.Node);
        if (!child.Node.TryJoin(child.Version, entry))
        {
            entry.Execute();
        }

        return child;
    }

    /// <summary>A child has ended.</summary>
    public void Post(JoinEntry<T> entry)
    {
        Waiter<Outcome<T>?>? waiter;
        var none = default(WaiterList<Outcome<T>?>);
        using (_gate.Enter())
        {
            if (!_waiters.TryPopClaimed(out waiter))
            {
                entry.Next = null;
                if (_last is null)
                {
                    _first = entry;
                }
                else
                {
                    _last.Next = entry;
                }

                _last = entry;
                return;
            }

            if (--_outstanding == 0)
            {
                while (_waiters.TryPopClaimed(out Waiter<Outcome<T>?>? other))
                {
                    none.Add(other);
                }
            }
        }

        waiter.Complete(entry.Take());
        while (none.TryPop(out Waiter<Outcome<T>?>? other))
        {
            other.Complete(null);
        }
    }

    public bool TryTake(out Outcome<T> outcome)
    {
        JoinEntry<T>? entry;
        using (_gate.Enter())
        {
            entry = TakeFirst();
        }

        outcome = entry?.Take() ?? default;
        return entry is not null;
    }

    public ValueTask<Outcome<T>?> TakeAsync(CancellationToken cancellationToken)
    {
        JoinEntry<T>? entry;
        Waiter<Outcome<T>?>? waiter = null;
        Executor executor = Ambient.CurrentOrRoot.Executor;
        using (_gate.Enter())
        {
            entry = TakeFirst();
            if (entry is null && _outstanding > 0)
            {
                waiter = Waiter<Outcome<T>?>.Rent(this, cancellationToken);
                waiter.ResumeOn(executor);
                _waiters.Add(waiter);
            }
        }

        return waiter is not null ? waiter.AsValueTask()
            : entry is not null ? new ValueTask<Outcome<T>?>(entry.Take())
            : default;
    }

    /// <summary>All children have ended, and nobody wants the outcomes that are left.</summary>
    public void Clear()
    {
        while (TryTake(out _))
        {
        }
    }

    /// <summary>What a wait for an outcome is called.</summary>
    public override string ToString() => $"a child of '{scope.Path}' to end";

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            _waiters.Remove((Waiter<Outcome<T>?>)waiter);
        }
    }

    /// <summary>Called under the gate. Nobody waits if there is one.</summary>
    private JoinEntry<T>? TakeFirst()
    {
        JoinEntry<T>? entry = _first;
        if (entry is not null)
        {
            _first = entry.Next;
            entry.Next = null;
            if (_first is null)
            {
                _last = null;
            }

            _outstanding--;
        }

        return entry;
    }
}
