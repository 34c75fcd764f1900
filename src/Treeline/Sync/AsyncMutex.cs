using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Treeline;

/// <summary>
/// A lock that may be held across awaits: <c>using MutexGuard guard = await mutex.LockAsync(ct);</c>. Whoever waits gets it in
/// the order in which they came. Around code that awaits nothing, C#'s own <c>lock</c> is simpler and faster.
/// </summary>
/// <remarks>
/// It does not belong to a thread, and is not reentrant: code that locks it while it holds it waits for itself, which
/// <see cref="TaskTree.FindDeadlocks"/> shows, with the holder. (It does not throw: a node may well do two things at a time.)
/// <para>
/// <b>Protocol.</b> Everything belongs to <c>_gate</c>, and so does what belongs to the conditions of this mutex. It is locked
/// while anybody stands in line: unlocking hands it to the first who can be claimed, in one holding of the gate, so nobody can
/// come in between. Who stands in line has a <see cref="HoldTable">ticket</see> already; giving up drops it.
/// </para>
/// <para>
/// <b>Conditions.</b> Who waits for one has set its hold aside and stands in the condition's list. A notification claims it, a
/// cancellation ends it, both under the gate; either way it then goes last in the line of the mutex (or gets that at once, if
/// it is free), and is completed when it has the mutex. In the line it is known by being aside; it needs no claim any more.
/// </para>
/// </remarks>
/// <param name="name">How it is shown where somebody waits for it.</param>
[DebuggerDisplay("{ToString(),nq}, locked: {IsLocked}")]
public sealed class AsyncMutex(string? name = null) : IHeld, ISelectable<MutexGuard>
{
    private static readonly Func<AsyncMutex, int, CancellationToken, Executor, ValueTask<MutexGuard>> s_take =
        static (mutex, _, token, executor) => mutex.Lock(mayTake: true, executor, token);

    private Gate _gate;
    private bool _isLocked;
    private HoldTable _holds;
    private WaiterList<MutexGuard> _waiters;

    /// <summary>Whether somebody holds it now.</summary>
    public bool IsLocked
    {
        get
        {
            using (_gate.Enter())
            {
                return _isLocked;
            }
        }
    }

    /// <summary>
    /// Waits until the mutex is free and all who came before have had it, and locks it.
    /// Cancellation: what was cancelled does not hold it and has left the line.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What unlocks it, once: to be awaited, and disposed.</returns>
    public ValueTask<MutexGuard> LockAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<MutexGuard>(cancellationToken);
        }

        return Lock(Budget.TryConsume(), resumeOn: null, cancellationToken);
    }

    /// <summary>Locks it if it is free.</summary>
    /// <param name="guard">What unlocks it.</param>
    /// <returns>Whether it was free.</returns>
    public bool TryLock(out MutexGuard guard)
    {
        Holder who = Holder.Current;
        using (_gate.Enter())
        {
            if (_isLocked)
            {
                guard = default;
                return false;
            }

            guard = Take(who);
            return true;
        }
    }

    /// <summary>Locking it, as one of several things to wait for. If another comes first, it is not locked.</summary>
    public SelectCase<MutexGuard> LockCase() => new(this);

    /// <summary>What it is called.</summary>
    public override string ToString() => name is null ? "a mutex" : $"mutex '{name}'";

    void IHeld.AddHolders(List<NodeRef> into)
    {
        using (_gate.Enter())
        {
            _holds.AddHolders(into);
        }
    }

    void ISelectable<MutexGuard>.Enter(Waiter<MutexGuard> branch)
    {
        Holder who = Holder.Current;
        using (_gate.Enter())
        {
            if (_isLocked)
            {
                branch.Value = new MutexGuard(this, _holds.Add(who, 1));
                _waiters.Add(branch);
                return;
            }

            if (!branch.TryClaim())
            {
                return;
            }

            branch.Value = Take(who);
        }

        branch.Complete();
    }

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        var gone = (Waiter<MutexGuard>)waiter;
        using (_gate.Enter())
        {
            _waiters.Remove(gone);
            _holds.Drop(gone.Value.Ticket);
        }
    }

    /// <summary>Ends the hold of <paramref name="ticket"/>, if it lasts.</summary>
    internal void Unlock(HoldTicket ticket)
    {
        Waiter<MutexGuard>? next;
        using (_gate.Enter())
        {
            if (!_holds.TryRelease(ticket, out _))
            {
                if (_holds.IsAside(ticket))
                {
                    ThrowGivenAway();
                }

                return;
            }

            next = PassOn();
        }

        next?.Complete();
    }

    /// <summary>
    /// Unlocks, and puts whoever held it into the list of a condition. The guard has the mutex again when the waiter is
    /// completed.
    /// </summary>
    internal Waiter<MutexGuard> BeginWait(
        IWaitQueue condition, ref WaiterList<MutexGuard> line, MutexGuard guard, CancellationToken cancellationToken)
    {
        Waiter<MutexGuard> waiter;
        Waiter<MutexGuard>? next;
        using (_gate.Enter())
        {
            if (!_holds.TrySetAside(guard.Ticket))
            {
                ThrowNotHeld(condition);
            }

            waiter = Waiter<MutexGuard>.Rent(condition, cancellationToken);
            waiter.Value = guard;
            line.Add(waiter);
            next = PassOn();
        }

        next?.Complete();
        return waiter;
    }

    /// <summary>Ends the waits of the first, or of all, in the list of a condition.</summary>
    internal void EndWaits(ref WaiterList<MutexGuard> line, bool all)
    {
        Waiter<MutexGuard>? first = null;
        using (_gate.Enter())
        {
            while (line.TryPop(out Waiter<MutexGuard>? waiter))
            {
                bool claimed = waiter.TryClaim();
                Debug.Assert(claimed, "Who gives up waiting for a condition does it under the gate.");
                if (ComesBack(waiter))
                {
                    first = waiter;
                }

                if (!all)
                {
                    break;
                }
            }
        }

        first?.Complete();
    }

    /// <summary>Ends the wait for a condition as cancelled, if it has not ended.</summary>
    internal void CancelWait(ref WaiterList<MutexGuard> line, Waiter<MutexGuard> waiter)
    {
        using (_gate.Enter())
        {
            if (waiter.Outcome != WaitOutcome.Pending)
            {
                return;
            }

            line.Remove(waiter);
            waiter.GiveUp();
            if (!ComesBack(waiter))
            {
                return;
            }
        }

        waiter.Complete();
    }

    private ValueTask<MutexGuard> Lock(bool mayTake, Executor? resumeOn, CancellationToken cancellationToken)
    {
        Holder who = Holder.Current;
        Waiter<MutexGuard>? waiter = null;
        using (_gate.Enter())
        {
            if (_isLocked)
            {
                waiter = Waiter<MutexGuard>.Rent(this, cancellationToken);
                waiter.Value = new MutexGuard(this, _holds.Add(who, 1));
                waiter.ResumeOn(resumeOn);
                _waiters.Add(waiter);
            }
            else if (mayTake)
            {
                return new ValueTask<MutexGuard>(Take(who));
            }
        }

        return waiter?.AsValueTask() ?? GiveWay.AndTakeAsync(this, 1, s_take, cancellationToken);
    }

    private MutexGuard Take(in Holder who)
    {
        _isLocked = true;
        return new MutexGuard(this, _holds.AddHeld(who, 1));
    }

    /// <summary>
    /// Called under the gate for one whose wait for a condition is over. True: it has the mutex, and is to be completed.
    /// </summary>
    private bool ComesBack(Waiter<MutexGuard> waiter)
    {
        if (_isLocked)
        {
            _waiters.Add(waiter);
            return false;
        }

        _isLocked = true;
        _holds.Grant(waiter.Value.Ticket);
        return true;
    }

    /// <summary>
    /// Called under the gate by whoever has the mutex no more: the one to complete, who has it now; null: it is free.
    /// </summary>
    private Waiter<MutexGuard>? PassOn()
    {
        while (_waiters.TryPop(out Waiter<MutexGuard>? next))
        {
            if (_holds.IsAside(next.Value.Ticket) || next.TryClaim())
            {
                _holds.Grant(next.Value.Ticket);
                return next;
            }
        }

        _isLocked = false;
        return null;
    }

    [DoesNotReturn]
    private static void ThrowNotHeld(IWaitQueue condition) => throw new InvalidOperationException(
        $"To wait for {condition}, its mutex must be held: pass the guard that LockAsync gave, before it is disposed, to one wait at a time.");

    [DoesNotReturn]
    private void ThrowGivenAway() => throw new InvalidOperationException(
        $"The guard of {this} was disposed while it waits for a condition. Await that wait first: it gives the mutex back to the guard.");
}
