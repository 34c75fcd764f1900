using System.Diagnostics;

namespace Treeline;

/// <summary>
/// A number of permits, for so many at a time: <c>using SemaphorePermit permit = await semaphore.AcquireAsync(ct);</c>. Permits
/// are given in the order in which they were asked for. Whoever asks for many is not passed by those who ask for few.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> Everything belongs to <c>_gate</c>. Whenever permits come free, or the first in line gives up, those at the
/// head of the line are given theirs as long as there are enough for the first; in the same holding of the gate, so nobody
/// comes in between. So, apart from one who gave up and is just about to leave: while anybody stands in line, the first wants
/// more than there is. What each asks for stands in the <see cref="HoldTable"/>.
/// </remarks>
[DebuggerDisplay("{ToString(),nq}, available: {Available}")]
public sealed class AsyncSemaphore : IHeld, ISelectable<SemaphorePermit>
{
    private static readonly Func<AsyncSemaphore, int, CancellationToken, Executor, ValueTask<SemaphorePermit>> s_take =
        static (semaphore, count, token, executor) => semaphore.Acquire(count, mayTake: true, executor, token);

    private readonly string? _name;
    private Gate _gate;
    private int _available;
    private HoldTable _holds;
    private WaiterList<SemaphorePermit> _waiters;

    // Given to the constructor and to Release; held or available.
    private int _total;

    // Somebody adds permits without having had any: then nobody knows who can let a waiter go on.
    private bool _isFed;

    /// <summary>Makes a semaphore.</summary>
    /// <param name="permits">How many there are to begin with.</param>
    /// <param name="name">How it is shown where somebody waits for it.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public AsyncSemaphore(int permits, string? name = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(permits);
        _available = _total = permits;
        _name = name;
    }

    /// <summary>How many permits nobody holds now.</summary>
    public int Available
    {
        get
        {
            using (_gate.Enter())
            {
                return _available;
            }
        }
    }

    /// <summary>
    /// Waits until there is a permit and all who came before have had theirs, and takes it.
    /// Cancellation: what was cancelled holds nothing and has left the line.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What gives it back, once: to be awaited, and disposed.</returns>
    public ValueTask<SemaphorePermit> AcquireAsync(CancellationToken cancellationToken = default) =>
        AcquireAsync(1, cancellationToken);

    /// <summary>
    /// Waits until there are so many permits and all who came before have had theirs, and takes them all at once.
    /// Cancellation: what was cancelled holds nothing and has left the line.
    /// </summary>
    /// <param name="count">How many. If there never are so many, those who come later wait with it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What gives them back, once: to be awaited, and disposed.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is not positive.</exception>
    public ValueTask<SemaphorePermit> AcquireAsync(int count, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<SemaphorePermit>(cancellationToken);
        }

        return Acquire(count, Budget.TryConsume(), resumeOn: null, cancellationToken);
    }

    /// <summary>Takes a permit if there is one and nobody waits for one.</summary>
    /// <param name="permit">What gives it back.</param>
    /// <returns>Whether it was taken.</returns>
    public bool TryAcquire(out SemaphorePermit permit) => TryAcquire(1, out permit);

    /// <summary>Takes so many permits if they are there and nobody waits for any.</summary>
    /// <param name="count">How many.</param>
    /// <param name="permit">What gives them back.</param>
    /// <returns>Whether they were taken.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is not positive.</exception>
    public bool TryAcquire(int count, out SemaphorePermit permit)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        Holder who = Holder.Current;
        using (_gate.Enter())
        {
            if (!CanTake(count))
            {
                permit = default;
                return false;
            }

            permit = Take(who, count);
            return true;
        }
    }

    /// <summary>
    /// Adds permits that nobody held. Permits that were acquired come back by disposing what
    /// <see cref="AcquireAsync(CancellationToken)"/> gave. This is for semaphores that are fed, say, with one permit for each
    /// thing made.
    /// </summary>
    /// <param name="count">How many.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The number is not positive, or there would be more than <see cref="int.MaxValue"/>.
    /// </exception>
    public void Release(int count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        WaiterList<SemaphorePermit> granted;
        using (_gate.Enter())
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(count, int.MaxValue - _total);
            _total += count;
            _isFed = true;
            _available += count;
            granted = GrantReady();
        }

        Complete(granted);
    }

    /// <summary>Acquiring permits, as one of several things to wait for. If another comes first, none is taken.</summary>
    /// <param name="count">How many.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is not positive.</exception>
    public SelectCase<SemaphorePermit> AcquireCase(int count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return new(count == 1 ? this : new Request(this, count));
    }

    /// <summary>What it is called.</summary>
    public override string ToString() => _name is null ? "a semaphore" : $"semaphore '{_name}'";

    void IHeld.AddHolders(List<NodeRef> into) => AddHolders(into);

    void ISelectable<SemaphorePermit>.Enter(Waiter<SemaphorePermit> branch) => Enter(branch, 1);

    void IWaitQueue.Remove(WaiterBase waiter) => Remove(waiter);

    internal void GiveBack(HoldTicket ticket)
    {
        WaiterList<SemaphorePermit> granted;
        using (_gate.Enter())
        {
            if (!_holds.TryRelease(ticket, out int amount))
            {
                return;
            }

            _available += amount;
            if (_waiters.IsEmpty)
            {
                return;
            }

            granted = GrantReady();
        }

        Complete(granted);
    }

    private static void Complete(WaiterList<SemaphorePermit> granted)
    {
        while (granted.TryPop(out Waiter<SemaphorePermit>? waiter))
        {
            waiter.Complete();
        }
    }

    private ValueTask<SemaphorePermit> Acquire(int count, bool mayTake, Executor? resumeOn, CancellationToken cancellationToken)
    {
        Holder who = Holder.Current;
        Waiter<SemaphorePermit>? waiter = null;
        using (_gate.Enter())
        {
            if (!CanTake(count))
            {
                waiter = Waiter<SemaphorePermit>.Rent(this, cancellationToken);
                waiter.Value = new SemaphorePermit(this, _holds.Add(who, count));
                waiter.ResumeOn(resumeOn);
                _waiters.Add(waiter);
            }
            else if (mayTake)
            {
                return new ValueTask<SemaphorePermit>(Take(who, count));
            }
        }

        return waiter?.AsValueTask() ?? GiveWay.AndTakeAsync(this, count, s_take, cancellationToken);
    }

    private bool CanTake(int count) => _available >= count && _waiters.IsEmpty;

    private SemaphorePermit Take(in Holder who, int count)
    {
        _available -= count;
        return new SemaphorePermit(this, _holds.AddHeld(who, count));
    }

    /// <summary>Called under the gate when there may be enough for the first. The caller completes those it gets.</summary>
    private WaiterList<SemaphorePermit> GrantReady()
    {
        var granted = default(WaiterList<SemaphorePermit>);
        while (_waiters.First is { } first && _holds.AmountOf(first.Value.Ticket) is var amount && amount <= _available)
        {
            _waiters.Remove(first);
            if (first.TryClaim())
            {
                _available -= amount;
                _holds.Grant(first.Value.Ticket);
                granted.Add(first);
            }
        }

        return granted;
    }

    private void AddHolders(List<NodeRef> into)
    {
        using (_gate.Enter())
        {
            if (!_isFed)
            {
                _holds.AddHolders(into);
            }
        }
    }

    private void Enter(Waiter<SemaphorePermit> branch, int count)
    {
        Holder who = Holder.Current;
        using (_gate.Enter())
        {
            if (!CanTake(count))
            {
                branch.Value = new SemaphorePermit(this, _holds.Add(who, count));
                _waiters.Add(branch);
                return;
            }

            if (!branch.TryClaim())
            {
                return;
            }

            branch.Value = Take(who, count);
        }

        branch.Complete();
    }

    private void Remove(WaiterBase waiter)
    {
        var gone = (Waiter<SemaphorePermit>)waiter;
        WaiterList<SemaphorePermit> granted;
        using (_gate.Enter())
        {
            _waiters.Remove(gone);
            _holds.Drop(gone.Value.Ticket);

            // It may have been what the others waited behind.
            granted = GrantReady();
        }

        Complete(granted);
    }

    /// <summary>A case that asks for more than one.</summary>
    private sealed class Request(AsyncSemaphore semaphore, int count) : IHeld, ISelectable<SemaphorePermit>
    {
        public override string ToString() => $"{count} permits of {semaphore}";

        void IHeld.AddHolders(List<NodeRef> into) => semaphore.AddHolders(into);

        void ISelectable<SemaphorePermit>.Enter(Waiter<SemaphorePermit> branch) => semaphore.Enter(branch, count);

        void IWaitQueue.Remove(WaiterBase waiter) => semaphore.Remove(waiter);
    }
}
