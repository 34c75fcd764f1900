using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Treeline;

/// <summary>
/// One that runs work: a run queue, a slot for what was woken last, and the loop that empties them. It is an object that
/// threads pick up and put down, so that nothing of it is lost on the stack of a thread that blocks.
/// </summary>
/// <remarks>
/// <para><b>Protocol.</b> <c>_state</c> says who has the worker; "owner" is the thread that drives it while it is Running,
/// Searching or Blocked. Only the owner touches the fields marked so and the owner's end of the queue.</para>
/// <code>
/// Parked    → Queued      whoever wakes it, under the gate of the idle set
/// Queued    → Searching   the thread that begins; compare-and-swap, so of several that try one wins
/// Searching → Running     owner
/// Running   → Searching   owner, out of work; compare-and-swap
/// Running   → Queued      owner, hands it back (the quantum is over); compare-and-swap
/// Running   → Blocked     monitor; compare-and-swap under the gate
/// Searching → Parked      owner, under the gate
/// Blocked   → Running     owner, back from the dispatch and there is a seat; under the gate
/// Blocked   → Parked      owner, back and there is none; under the gate
/// </code>
/// <para>A worker may be marked Blocked wrongly, between two dispatches even: it sees so before the next one, and at worst
/// another worker ran for a while beside it. The gate and the compare-and-swaps order what one owner did before what the
/// next one does.</para>
/// <para><c>_lifo</c> is filled by the owner and emptied by the owner, or by thieves while the worker is Blocked. A worker
/// that leaves Running by itself has emptied it before.</para>
/// </remarks>
internal sealed class Worker(Scheduler scheduler, bool isSpare) : IThreadPoolWorkItem
{
    // Woken work may go before what is queued so many times in a row. Tokio's MAX_LIFO_POLLS_PER_TICK.
    private const int MostLifoInARow = 3;

    // Out of step with everything else, as in Tokio and Go.
    private const int DispatchesPerInjectorLook = 61;

    private LifoSlot _lifo;
    private volatile WorkerState _state;
    private Counters _own;

    public Scheduler Scheduler { get; } = scheduler;

    /// <summary>True: it is there because others are blocked, and goes when it has had nothing to do for a while.</summary>
    public bool IsSpare { get; } = isSpare;

    public WorkQueue Queue { get; } = new();

    /// <summary>Object pools of this worker; see <c>Pool&lt;T&gt;</c>. Owner.</summary>
    public object?[] Pools { get; set; } = [];

    /// <summary>The timers that were set by work it ran; see <see cref="TimerShards"/>. Owner.</summary>
    public TimerShard? Timers { get; set; }

    /// <summary>Who wakes it when it is parked. Written by the owner, or under the gate while parked.</summary>
    public Crank Crank { get; set; } = scheduler.Crank;

    /// <summary>The thread that waits with it while it is parked, if one does. Under the gate.</summary>
    public Thread? Keeper { get; set; }

    /// <summary>What <see cref="Keeper"/> waits on.</summary>
    public AutoResetEvent? WakeUp { get; set; }

    /// <summary>The thread that drives it; the last one, while none does.</summary>
    public Thread? Thread { get; private set; }

    /// <summary>What <see cref="Thread"/> knows. Others read it to guess what the worker is at.</summary>
    public WorkerThread? OnThread { get; private set; }

    /// <summary>For the monitor to look at <see cref="Thread"/>, if there is a monitor.</summary>
    public ThreadProbe? Probe { get; private set; }

    /// <summary>Whether whoever begins with it counts as searching. Written before it becomes Queued.</summary>
    public bool StartsSearching { get; set; }

    public WorkerState State => _state;

    /// <summary>Counts up with every dispatch. Any thread.</summary>
    public uint Dispatches => Volatile.Read(ref _own.Dispatches);

    /// <summary>How often it took work from another worker. Any thread.</summary>
    public uint Steals => Volatile.Read(ref _own.Steals);

    /// <summary>How often it was parked. Any thread.</summary>
    public uint Parks => Volatile.Read(ref _own.Parks);

    /// <summary>Dispatches until the crank is asked whether to leave. Owner.</summary>
    public int UntilLook
    {
        get => _own.UntilLook;
        set => _own.UntilLook = value;
    }

    /// <summary>How long it has been driven, in timestamps, up to when it was last parked, if its crank counts that. Any thread.</summary>
    public long BusyTime
    {
        get => Volatile.Read(ref _own.BusyTime);
        set => Volatile.Write(ref _own.BusyTime, value);
    }

    /// <summary>For the crank's use. Owner.</summary>
    public ref QuantumClock Quantum => ref _own.Quantum;

    /// <summary>For the monitor's use.</summary>
    public ref MonitorNotes Notes => ref _own.Notes;

    /// <summary>Whether something in it waits that another worker could take. Any thread.</summary>
    public bool HasWork => Queue.HasWork || (_state == WorkerState.Blocked && HasLifo);

    public bool HasLifo => _lifo.HasWork;

    /// <summary>Puts work at the tail. Owner.</summary>
    public void PushSpawned(IThreadPoolWorkItem work)
    {
        Queue.Push(work);
        Scheduler.Notify();
    }

    /// <summary>Puts work where it runs next, and what was there at the tail. Owner.</summary>
    public void PushWoken(IThreadPoolWorkItem work)
    {
        if (_state != WorkerState.Running)
        {
            PushAside(work);
            return;
        }

        // Marked Blocked since the look: the monitor finds it here at its next round.
        if (_lifo.Put(work) is { } displaced)
        {
            PushSpawned(displaced);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void PushAside(IThreadPoolWorkItem work)
    {
        if (_state == WorkerState.Blocked)
        {
            PushSpawned(work); // another worker took this one's seat, and should also get this
        }
        else
        {
            PushYielded(work); // brought by the crank, who knows best whom to tell
        }
    }

    /// <summary>Puts work at the tail that this worker had already; wakes nobody for it. Owner.</summary>
    /// <remarks>
    /// There is no more work than before. For what else is in the queue somebody was woken when it came, and nobody parks
    /// before all queues are empty; so whoever could help with it is awake or on the way. What is alone in the queue this
    /// worker takes next itself.
    /// </remarks>
    public void PushYielded(IThreadPoolWorkItem work) => Queue.Push(work);

    /// <summary>Takes the slot of a blocked worker. Any thread.</summary>
    public IThreadPoolWorkItem? StealLifo() =>
        _state == WorkerState.Blocked && HasLifo ? _lifo.Steal() : null;

    /// <summary>A work item of the pool that was to drive this worker.</summary>
    void IThreadPoolWorkItem.Execute() => Drive(Scheduler.Crank);

    /// <summary>Drives the worker on the calling thread if it is Queued, for as long as <paramref name="crank"/> says.</summary>
    public void Drive(Crank crank)
    {
        if (!TryStart())
        {
            return;
        }

        WorkerThread thread = WorkerThread.Current;
        Worker? outer = thread.Worker;
        bool left = false;
        thread.Worker = this;
        try
        {
            do
            {
                Crank = crank;
                Keeper = null;
                _own.Dispatches++; // whoever waited for it to begin sees that it has
                Thread = Thread.CurrentThread;
                OnThread = thread;
                Probe = Scheduler.Monitor is null ? null : thread.Probe ??= new ThreadProbe();
                crank.Begin(this);
            }
            while (Run(thread, crank) && crank.AwaitWakeUp(this) && TryStart());
            left = true;
        }
        finally
        {
            thread.Worker = outer;
            if (!left)
            {
                // A work item threw. That ends the process, or the caller of a single-thread crank deals with it.
                thread.Settle();
                Thread = null;
                Park(searching: false);
            }
        }
    }

    /// <summary>Written by the idle set, under its gate, and by whoever owns the worker.</summary>
    internal void SetState(WorkerState state) => _state = state;

    internal bool TrySetState(WorkerState from, WorkerState to) =>
        Interlocked.CompareExchange(ref _state, to, from) == from;

    private bool TryStart() => TrySetState(WorkerState.Queued, WorkerState.Searching);

    /// <summary>Until the worker is parked (true) or handed back (false). From then on it may be another thread's.</summary>
    private bool Run(WorkerThread thread, Crank crank)
    {
        var contexts = Contexts.Capture();
        bool notesWork = crank.NotesWork;
        bool searching = StartsSearching;
        StartsSearching = false; // so for when it is handed back
        if (!searching)
        {
            _state = WorkerState.Running;
        }

        while (true)
        {
            IThreadPoolWorkItem? work;
            if (searching)
            {
                work = Search() ?? (crank.BringsWork(this) ? Queue.Pop() : null);
                if (work is null)
                {
                    Park(searching: true);
                    return true;
                }

                searching = false;
                _state = WorkerState.Running;
                Scheduler.EndSearch();
            }
            else
            {
                if (_state == WorkerState.Blocked)
                {
                    thread.Settle();
                    if (!Unblock())
                    {
                        return true;
                    }
                }

                work = Next();
                if (work is null && thread.EndedIn is not null)
                {
                    // Nobody else of theirs is here. What ends with them may bring new work.
                    thread.Settle();
                    contexts.PutBack();
                    continue;
                }

                if (work is null)
                {
                    if (!TrySetState(WorkerState.Running, WorkerState.Searching))
                    {
                        continue;
                    }

                    if (!Scheduler.Idle.TryBeginSearch())
                    {
                        if (crank.BringsWork(this))
                        {
                            _state = WorkerState.Running;
                            continue;
                        }

                        Park(searching: false);
                        return true;
                    }

                    searching = true;
                    continue;
                }
            }

            _own.Dispatches++;
            thread.Budget = WorkerThread.FullBudget;
            if (thread.EndedIn is not null && work is not ChildNode)
            {
                thread.Settle();
            }

            if (notesWork)
            {
                thread.Running = work;
            }

            work.Execute();
            contexts.PutBack();
            if (--_own.UntilLook <= 0 && crank.Leaves(this))
            {
                thread.Settle();
                contexts.PutBack();
                EmptyLifo();
                if (TrySetState(WorkerState.Running, WorkerState.Queued))
                {
                    crank.HandBack(this);
                    return false;
                }
            }
        }
    }

    private IThreadPoolWorkItem? Next()
    {
        IThreadPoolWorkItem? work;
        if (--_own.UntilInjector <= 0)
        {
            _own.UntilInjector = DispatchesPerInjectorLook;
            work = Scheduler.TakeInjected(this);
            if (work is not null)
            {
                return work;
            }
        }

        if (_lifo.HasWork)
        {
            if (_own.LifoInARow < MostLifoInARow)
            {
                if (_lifo.TryTake(out work))
                {
                    _own.LifoInARow++;
                    return work;
                }
            }
            else
            {
                EmptyLifo();
            }
        }

        _own.LifoInARow = 0;
        return Queue.Pop() ?? Scheduler.TakeInjected(this);
    }

    private IThreadPoolWorkItem? Search()
    {
        IThreadPoolWorkItem? work = Queue.Pop() ?? Scheduler.TakeInjected(this);
        if (work is not null)
        {
            return work;
        }

        Worker[] all = Scheduler.Idle.All;
        int start = NextRandom(all.Length);
        for (int i = 0; i < all.Length; i++)
        {
            Worker victim = all[(start + i) % all.Length];
            if (victim != this && (victim.Queue.StealInto(Queue) ?? victim.StealLifo()) is { } stolen)
            {
                _own.Steals++;
                return stolen;
            }
        }

        return Scheduler.TakeInjected(this);
    }

    /// <summary>A number from 0 to <paramref name="below"/> - 1, of no great quality, for choices that are to be fair. Owner.</summary>
    internal int NextRandom(int below)
    {
        _own.Random = (_own.Random * 1664525) + 1013904223; // Numerical Recipes' linear congruential generator
        return (int)((_own.Random >> 8) % (uint)below);
    }

    /// <summary>Makes <see cref="NextRandom"/> go on from <paramref name="seed"/>. Owner.</summary>
    internal void Reseed(uint seed) => _own.Random = seed;

    /// <summary>Puts what was woken last to the rest. Owner.</summary>
    internal void EmptyLifo()
    {
        if (_lifo.TryTake(out IThreadPoolWorkItem? work))
        {
            PushYielded(work);
        }
    }

    /// <summary>Back from a dispatch that took too long. False: the worker is parked, for want of a seat.</summary>
    private bool Unblock()
    {
        EmptyLifo();
        if (Scheduler.Idle.TryTakeSeat(this))
        {
            return true;
        }

        Scheduler.AfterParking();
        return false;
    }

    private void Park(bool searching)
    {
        EmptyLifo();
        _own.Parks++;
        Scheduler.Idle.Park(this, searching);
        Scheduler.AfterParking();
    }

    /// <summary>
    /// What the contexts of the thread were before it began with work. Work that leaves others behind must not hand them on
    /// to the next.
    /// </summary>
    private readonly struct Contexts
    {
        private readonly ExecutionContext? _execution; // null: flow is suppressed, by whoever turns the crank by hand
        private readonly SynchronizationContext? _synchronization;

        private Contexts(ExecutionContext? execution, SynchronizationContext? synchronization)
        {
            _execution = execution;
            _synchronization = synchronization;
        }

        public static Contexts Capture() => new(ExecutionContext.Capture(), SynchronizationContext.Current);

        public void PutBack()
        {
            if (ExecutionContext.Capture() != _execution && _execution is not null)
            {
                ExecutionContext.Restore(_execution);
            }

            if (SynchronizationContext.Current != _synchronization)
            {
                SynchronizationContext.SetSynchronizationContext(_synchronization);
            }
        }
    }

    // Written at every dispatch: in cache lines of their own, and with them what others write seldom.
    [StructLayout(LayoutKind.Explicit, Size = 384)]
    private struct Counters
    {
        [FieldOffset(128)]
        public uint Dispatches;

        [FieldOffset(132)]
        public int UntilInjector;

        [FieldOffset(136)]
        public int UntilLook;

        [FieldOffset(140)]
        public int LifoInARow;

        [FieldOffset(144)]
        public uint Random;

        [FieldOffset(148)]
        public uint Steals;

        [FieldOffset(152)]
        public QuantumClock Quantum;

        [FieldOffset(184)]
        public long BusyTime;

        [FieldOffset(192)]
        public uint Parks;

        [FieldOffset(320)]
        public MonitorNotes Notes;
    }
}
