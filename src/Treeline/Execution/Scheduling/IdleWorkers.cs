namespace Treeline;

/// <summary>Who is awake and who is not: wakes workers one by one, and only while there is a seat for one more.</summary>
/// <remarks>
/// <para>After Tokio's <c>runtime/scheduler/multi_thread/idle.rs</c>.</para>
/// <para><b>Protocol.</b> <c>_awake</c> packs how many workers are unparked (Queued, Running or Searching: they hold a seat)
/// and how many of these are searching (0 or 1, for a moment 2 after a hand-off). The unparked count, the stack of parked
/// workers, the array of all and every state change into and out of Parked and Blocked are under the gate. The searching
/// count is also changed without it; so every change is atomic.</para>
/// <para><b>No wake-up is lost.</b> Who brings work stores it, passes a full fence, and reads <c>_awake</c>: it need wake
/// nobody if all seats are taken or somebody is searching. Who parks changes <c>_awake</c> (an atomic operation, so a full
/// fence), and then looks at every queue once more. One of the two sees what the other did. So while there is work, either
/// somebody searches, or all seats are taken by workers that will search before they park.</para>
/// <para>There are always at least as many workers that are not blocked as there are seats: who marks one Blocked
/// makes another if need be. So whenever a seat is free, the stack is not empty.</para>
/// </remarks>
internal sealed class IdleWorkers
{
    private const int OneSearching = 1;
    private const int OneUnparked = 1 << 16;

    private readonly int _seats;
    private Gate _gate;
    private int _awake;
    private Worker[] _parked;
    private int _parkedCount;
    private int _blockedCount;
    private volatile Worker[] _all;

    public IdleWorkers(Scheduler scheduler, int seats)
    {
        _seats = seats;
        _all = [.. Enumerable.Range(0, seats).Select(_ => new Worker(scheduler, isSpare: false))];
        _parked = [.. _all.Reverse()];
        _parkedCount = seats;
    }

    /// <summary>Every worker there is. The array does not change; another takes its place.</summary>
    public Worker[] All => _all;

    /// <summary>How many workers hold a seat.</summary>
    public int Unparked => Volatile.Read(ref _awake) / OneUnparked;

    /// <summary>How many workers are blocked.</summary>
    public int Blocked => Volatile.Read(ref _blockedCount);

    /// <summary>Whether nobody runs anything.</summary>
    public bool AllParked
    {
        get
        {
            using (_gate.Enter())
            {
                return Unparked == 0 && _blockedCount == 0;
            }
        }
    }

    /// <summary>Whether there is a seat and nobody searching. Call it after a full fence.</summary>
    public bool WantsOneMore
    {
        get
        {
            int awake = Volatile.Read(ref _awake);
            return awake % OneUnparked == 0 && awake / OneUnparked < _seats;
        }
    }

    /// <summary>Takes a parked worker, to be started by the caller. It counts as searching.</summary>
    public Worker? TryWake()
    {
        using (_gate.Enter())
        {
            while (true)
            {
                int awake = Volatile.Read(ref _awake);
                if (awake % OneUnparked != 0 || awake / OneUnparked >= _seats)
                {
                    return null;
                }

                if (Interlocked.CompareExchange(ref _awake, awake + OneUnparked + OneSearching, awake) == awake)
                {
                    return Pop(startsSearching: true);
                }
            }
        }
    }

    /// <summary>
    /// Takes <paramref name="worker"/>, to be started by the caller, unless it has been taken already. For a while there may be one more awake than
    /// there are seats.
    /// </summary>
    public void Claim(Worker worker)
    {
        using (_gate.Enter())
        {
            if (worker.State == WorkerState.Parked)
            {
                Interlocked.Add(ref _awake, OneUnparked);
                Remove(worker);
                worker.StartsSearching = false;
                worker.SetState(WorkerState.Queued);
            }
        }
    }

    /// <summary>False: somebody else is searching, which is enough.</summary>
    public bool TryBeginSearch()
    {
        while (true)
        {
            int awake = Volatile.Read(ref _awake);
            if (awake % OneUnparked != 0)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _awake, awake + OneSearching, awake) == awake)
            {
                return true;
            }
        }
    }

    /// <summary>The caller has found work.</summary>
    public void EndSearch() => Interlocked.Add(ref _awake, -OneSearching);

    /// <summary>The caller has nothing to do. Afterwards it calls <see cref="Scheduler.AfterParking"/>.</summary>
    public void Park(Worker worker, bool searching)
    {
        using (_gate.Enter())
        {
            if (worker.State == WorkerState.Blocked)
            {
                _blockedCount--; // it threw there
            }
            else
            {
                Interlocked.Add(ref _awake, -OneUnparked - (searching ? OneSearching : 0));
            }

            Push(worker);
        }
    }

    /// <summary>
    /// The caller is back from a dispatch that took too long. False: all seats are taken, and it is parked; then it calls
    /// <see cref="Scheduler.AfterParking"/>.
    /// </summary>
    public bool TryTakeSeat(Worker worker)
    {
        using (_gate.Enter())
        {
            _blockedCount--;
            if (Unparked < _seats)
            {
                Interlocked.Add(ref _awake, OneUnparked);
                worker.SetState(WorkerState.Running);
                return true;
            }

            Push(worker);
            return false;
        }
    }

    /// <summary>
    /// Marks <paramref name="worker"/> as blocked. Returns the one that takes its seat, to be started by the caller, if
    /// <paramref name="replace"/>. False: it is not running any more.
    /// </summary>
    public bool TryBlock(Worker worker, bool replace, out Worker? replacement)
    {
        replacement = null;
        using (_gate.Enter())
        {
            if (!worker.TrySetState(WorkerState.Running, WorkerState.Blocked))
            {
                return false;
            }

            _blockedCount++;
            int awake = Interlocked.Add(ref _awake, -OneUnparked);
            if (_all.Length - _blockedCount < _seats)
            {
                Add(new Worker(worker.Scheduler, isSpare: true));
            }

            // All seats may be taken all the same, when one more is awake than there are (Claim). Then there may be none parked either.
            if (replace && awake / OneUnparked < _seats)
            {
                bool searches = awake % OneUnparked == 0;
                Interlocked.Add(ref _awake, OneUnparked + (searches ? OneSearching : 0));
                replacement = Pop(searches);
            }

            return true;
        }
    }

    /// <summary>
    /// The calling thread has waited long enough with a parked worker, and leaves it. False: somebody has just woken it.
    /// </summary>
    public bool TryLeave(Worker worker)
    {
        using (_gate.Enter())
        {
            if (worker.Keeper != Thread.CurrentThread)
            {
                return true; // another thread had it meanwhile
            }

            if (worker.State != WorkerState.Parked)
            {
                return false;
            }

            worker.Keeper = null;
            worker.Crank = worker.Scheduler.Crank;
            if (worker.IsSpare && _all.Length - _blockedCount > _seats && !worker.Queue.HasWork)
            {
                Remove(worker);
                _all = [.. _all.Where(other => other != worker)];
                worker.Scheduler.Crank.Retire(worker);
            }

            return true;
        }
    }

    /// <summary>Calls <paramref name="wake"/> for every parked worker with which a thread waits.</summary>
    public void EachKept(Action<Worker> wake)
    {
        using (_gate.Enter())
        {
            for (int i = 0; i < _parkedCount; i++)
            {
                if (_parked[i].Keeper is not null)
                {
                    wake(_parked[i]);
                }
            }
        }
    }

    private void Add(Worker worker)
    {
        _all = [.. _all, worker];
        Push(worker);
    }

    private void Push(Worker worker)
    {
        worker.Keeper = worker.Crank.KeepsThread && worker.Thread == Thread.CurrentThread ? worker.Thread : null;
        worker.SetState(WorkerState.Parked);
        if (_parkedCount == _parked.Length)
        {
            Array.Resize(ref _parked, _parkedCount * 2);
        }

        if (worker.Keeper is not null && !worker.Scheduler.Crank.KeepsThread)
        {
            // It sits with a spare thread, which a system call must wake: the last to be taken, so that the spare can go.
            Array.Copy(_parked, 0, _parked, 1, _parkedCount++);
            _parked[0] = worker;
        }
        else
        {
            _parked[_parkedCount++] = worker;
        }
    }

    private Worker Pop(bool startsSearching)
    {
        Worker worker = _parked[--_parkedCount];
        _parked[_parkedCount] = null!;
        worker.StartsSearching = startsSearching;
        worker.SetState(WorkerState.Queued);
        return worker;
    }

    private void Remove(Worker worker)
    {
        int at = Array.IndexOf(_parked, worker, 0, _parkedCount);
        Array.Copy(_parked, at + 1, _parked, at, --_parkedCount - at);
        _parked[_parkedCount] = null!;
    }
}
