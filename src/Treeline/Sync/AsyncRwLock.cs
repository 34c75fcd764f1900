using System.Diagnostics;

namespace Treeline;

/// <summary>
/// A lock for many readers or one writer that may be held across awaits:
/// <c>using RwLockGuard guard = await rwLock.WriteLockAsync(ct);</c>. Neither readers nor writers can starve.
/// </summary>
/// <remarks>
/// It is phase-fair (Brandenburg and Anderson, "Spin-based reader-writer synchronization for multiprocessor real-time systems",
/// Real-Time Systems 46, 2010): while both kinds wait, phases of reading and of writing take turns. A reader waits for the
/// readers of now and one writer, at most; a writer for the writers before it, and one phase of readers each. So do not lock it
/// for reading while you hold it for reading: if a writer has come meanwhile, you wait for it, and it for you.
/// <para>
/// <b>Protocol.</b> Everything belongs to <c>_gate</c>. While readers read, readers wait only behind a writer that waits; so
/// there is no moment in which the lock is free and somebody waits. The end of writing admits all readers that wait, or else
/// the first writer; the end of reading admits the first writer. When the last writer that waits gives up, the readers behind
/// it join those that read.
/// </para>
/// </remarks>
[DebuggerDisplay("{ToString(),nq}, readers: {Readers}, writer: {IsWriteLocked}")]
public sealed class AsyncRwLock
{
    private readonly string? _name;
    private readonly Line _readLine;
    private readonly Line _writeLine;
    private Gate _gate;
    private int _readers;
    private bool _isWriting;
    private HoldTable _holds;

    /// <summary>Makes a lock.</summary>
    /// <param name="name">How it is shown where somebody waits for it.</param>
    public AsyncRwLock(string? name = null)
    {
        _name = name;
        _readLine = new Line(this, writes: false);
        _writeLine = new Line(this, writes: true);
    }

    /// <summary>How many hold it for reading now.</summary>
    public int Readers
    {
        get
        {
            using (_gate.Enter())
            {
                return _readers;
            }
        }
    }

    /// <summary>Whether somebody holds it for writing now.</summary>
    public bool IsWriteLocked
    {
        get
        {
            using (_gate.Enter())
            {
                return _isWriting;
            }
        }
    }

    /// <summary>
    /// Waits until nobody writes, and no writer has waited for longer than one phase of writing, and locks it for reading,
    /// together with others. Cancellation: what was cancelled does not hold it and has left the line.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What unlocks it, once: to be awaited, and disposed.</returns>
    public ValueTask<RwLockGuard> ReadLockAsync(CancellationToken cancellationToken = default) => _readLine.EnterAsync(cancellationToken);

    /// <summary>
    /// Waits until nobody reads or writes and the writers before have had their turn, and locks it for writing, alone.
    /// Cancellation: what was cancelled does not hold it and has left the line.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What unlocks it, once: to be awaited, and disposed.</returns>
    public ValueTask<RwLockGuard> WriteLockAsync(CancellationToken cancellationToken = default) => _writeLine.EnterAsync(cancellationToken);

    /// <summary>Locks it for reading if nobody writes or waits to write.</summary>
    /// <param name="guard">What unlocks it.</param>
    /// <returns>Whether it was locked.</returns>
    public bool TryReadLock(out RwLockGuard guard) => _readLine.TryEnter(out guard);

    /// <summary>Locks it for writing if nobody reads or writes.</summary>
    /// <param name="guard">What unlocks it.</param>
    /// <returns>Whether it was locked.</returns>
    public bool TryWriteLock(out RwLockGuard guard) => _writeLine.TryEnter(out guard);

    /// <summary>Locking it for reading, as one of several things to wait for. If another comes first, it is not locked.</summary>
    public SelectCase<RwLockGuard> ReadLockCase() => new(_readLine);

    /// <summary>Locking it for writing, as one of several things to wait for. If another comes first, it is not locked.</summary>
    public SelectCase<RwLockGuard> WriteLockCase() => new(_writeLine);

    /// <summary>What it is called.</summary>
    public override string ToString() => _name is null ? "a read-write lock" : $"read-write lock '{_name}'";

    internal void Unlock(HoldTicket ticket)
    {
        var admitted = default(WaiterList<RwLockGuard>);
        using (_gate.Enter())
        {
            if (!_holds.TryRelease(ticket, out int writers))
            {
                return;
            }

            if (writers > 0)
            {
                _isWriting = false;
                _readLine.AdmitAll(ref admitted);
                if (_readers == 0)
                {
                    _writeLine.AdmitFirst(ref admitted);
                }
            }
            else if (--_readers == 0)
            {
                _writeLine.AdmitFirst(ref admitted);
                if (!_isWriting)
                {
                    // The writers they waited behind have all just given up.
                    _readLine.AdmitAll(ref admitted);
                }
            }
        }

        Complete(admitted);
    }

    private static void Complete(WaiterList<RwLockGuard> admitted)
    {
        while (admitted.TryPop(out Waiter<RwLockGuard>? waiter))
        {
            waiter.Complete();
        }
    }

    /// <summary>Those who wait to read, or to write. Two, so that each is called what it is.</summary>
    private sealed class Line(AsyncRwLock owner, bool writes) : IHeld, ISelectable<RwLockGuard>
    {
        private static readonly Func<Line, int, CancellationToken, Executor, ValueTask<RwLockGuard>> s_take =
            static (line, _, token, executor) => line.Enter(mayTake: true, executor, token);

        private WaiterList<RwLockGuard> _waiters;

        private bool CanEnter =>
            writes ? owner is { _isWriting: false, _readers: 0 } : !owner._isWriting && owner._writeLine._waiters.IsEmpty;

        private int Writers => writes ? 1 : 0;

        public ValueTask<RwLockGuard> EnterAsync(CancellationToken cancellationToken)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                return ValueTask.FromCanceled<RwLockGuard>(cancellationToken);
            }

            return Enter(Budget.TryConsume(), resumeOn: null, cancellationToken);
        }

        public bool TryEnter(out RwLockGuard guard)
        {
            Holder who = Holder.Current;
            using (owner._gate.Enter())
            {
                bool can = CanEnter;
                guard = can ? Take(who) : default;
                return can;
            }
        }

        public void Enter(Waiter<RwLockGuard> branch)
        {
            Holder who = Holder.Current;
            using (owner._gate.Enter())
            {
                if (!CanEnter)
                {
                    branch.Value = new RwLockGuard(owner, owner._holds.Add(who, Writers));
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

        /// <summary>Called under the gate: lets the first in who can be claimed.</summary>
        public bool AdmitFirst(ref WaiterList<RwLockGuard> admitted)
        {
            if (!_waiters.TryPopClaimed(out Waiter<RwLockGuard>? waiter))
            {
                return false;
            }

            Count();
            owner._holds.Grant(waiter.Value.Ticket);
            admitted.Add(waiter);
            return true;
        }

        /// <summary>Called under the gate: lets all in who can be claimed.</summary>
        public void AdmitAll(ref WaiterList<RwLockGuard> admitted)
        {
            while (AdmitFirst(ref admitted))
            {
            }
        }

        public void Remove(WaiterBase waiter)
        {
            var gone = (Waiter<RwLockGuard>)waiter;
            var admitted = default(WaiterList<RwLockGuard>);
            using (owner._gate.Enter())
            {
                _waiters.Remove(gone);
                owner._holds.Drop(gone.Value.Ticket);
                if (owner._readLine.CanEnter)
                {
                    // It may have been the last writer that readers waited behind.
                    owner._readLine.AdmitAll(ref admitted);
                }
            }

            Complete(admitted);
        }

        public void AddHolders(List<NodeRef> into)
        {
            using (owner._gate.Enter())
            {
                owner._holds.AddHolders(into);
            }
        }

        public override string ToString() => writes ? $"{owner}, to write" : $"{owner}, to read";

        private ValueTask<RwLockGuard> Enter(bool mayTake, Executor? resumeOn, CancellationToken cancellationToken)
        {
            Holder who = Holder.Current;
            Waiter<RwLockGuard>? waiter = null;
            using (owner._gate.Enter())
            {
                if (!CanEnter)
                {
                    waiter = Waiter<RwLockGuard>.Rent(this, cancellationToken);
                    waiter.Value = new RwLockGuard(owner, owner._holds.Add(who, Writers));
                    waiter.ResumeOn(resumeOn);
                    _waiters.Add(waiter);
                }
                else if (mayTake)
                {
                    return new ValueTask<RwLockGuard>(Take(who));
                }
            }

            return waiter?.AsValueTask() ?? GiveWay.AndTakeAsync(this, 1, s_take, cancellationToken);
        }

        private RwLockGuard Take(in Holder who)
        {
            Count();
            return new RwLockGuard(owner, owner._holds.AddHeld(who, Writers));
        }

        private void Count()
        {
            if (writes)
            {
                owner._isWriting = true;
            }
            else
            {
                owner._readers++;
            }
        }
    }
}
