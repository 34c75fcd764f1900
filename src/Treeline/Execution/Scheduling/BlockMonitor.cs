using System.Diagnostics;

namespace Treeline;

/// <summary>
/// Watches for workers whose thread is stuck in one dispatch while work waits, and gives their seat to a spare worker on a
/// thread of its own, which takes the work: .NET code blocks, and one that does must not keep the others waiting.
/// </summary>
/// <remarks>
/// <para>The idea is that of Go's <c>sysmon</c> (<c>runtime/proc.go</c>, <c>retake</c>).</para>
/// <para><b>What is stuck.</b> A Running worker whose dispatch count has not changed from one look to the next, a
/// millisecond or a few later, and whose thread waits, as far as .NET or the kernel tells (<see cref="ThreadProbe"/>).
/// One that computes keeps its seat: another thread would only share its core. Where nobody tells, another thread helps if
/// a core has nothing to do, so the processor time of the process since the last look decides. That can be wrong (another
/// process may have the core), so with every few workers that were given up in this way, the next must be stuck for twice
/// as long.</para>
/// <para>A Queued worker that no thread has begun with for two looks is stuck as well: the thread pool has none to give. A
/// spare thread competes for it.</para>
/// <para><b>Protocol.</b> One thread looks, and it alone touches the notes in the workers. Marking a worker and taking
/// another in its place is one step under the gate of <see cref="IdleWorkers"/>; from then on thieves may take what the
/// marked worker has. What is marked wrongly costs a thread, nothing else; see <see cref="Worker"/>. One thing may escape
/// a thief: the slot of a worker that filled it just while it was marked. The next look tells the thieves again.</para>
/// <para><b>Sleep.</b> The thread looks every millisecond, every four when nobody has been stuck lately, and for a while
/// after the last worker was parked; then it sleeps without a timeout. <c>_state</c> says so: it stores Asleep (a full fence) and looks for unparked workers once
/// more; whoever wakes a worker counts it as unparked (a full fence) and then looks at <c>_state</c>. A thread that is stuck
/// with nothing waiting loses its seat too, in the end, so that the monitor need not watch it for ever: only until the crank has told
/// of it, if it does.</para>
/// </remarks>
internal sealed class BlockMonitor(Scheduler scheduler) : IDisposable
{
    private const int NotStarted = 0;
    private const int Asleep = 1;
    private const int Awake = 2;

    /// <summary>Looks in a row at which nobody was stuck, before it looks less often.</summary>
    private const int AlertLooks = 64;

    /// <summary>Looks without anybody unparked before it sleeps; that costs the next to wake a worker a system call.</summary>
    private const int QuietLooks = 32;

    /// <summary>Above so many blocked workers at a time, ten more a second.</summary>
    private const int ManyBlocked = 256;

    private static readonly long s_millisecond = Stopwatch.Frequency / 1000;

    /// <summary>A spare thread is woken by a system call, one of the pool as a rule is not: so it helps out, and goes.</summary>
    private static readonly TimeSpan s_tenure = TimeSpan.FromMilliseconds(100);

    private readonly OwnThreadsCrank _spares = scheduler.Crank.MakeSpares(scheduler.SparePatience, s_tenure);
    private readonly AutoResetEvent _stir = new(false);
    private readonly double _cores = Math.Min(scheduler.Seats, Environment.ProcessorCount);
    private Thread? _thread;
    private int _state;
    private volatile bool _stopping;
    private long _looks;
    private long _handOffs;

    // The thread's own.
    private long _lastHandOff;
    private int _smooth; // looks in a row at which nobody was stuck
    private (long Time, TimeSpan Cpu)? _sampled; // at the last look, if somebody might have been computing
    private (long Time, TimeSpan Cpu)? _sample;  // at this look

    /// <summary>How often it has looked. It stands still while everything is idle.</summary>
    public long Looks => Volatile.Read(ref _looks);

    /// <summary>Whether it waits to be stirred.</summary>
    public bool IsAsleep => Volatile.Read(ref _state) != Awake;

    /// <summary>How many workers it has given up.</summary>
    public long HandOffs => Volatile.Read(ref _handOffs);

    /// <summary>A worker has been woken.</summary>
    public void Stir()
    {
        int state = Volatile.Read(ref _state);
        if (state == Awake || Interlocked.CompareExchange(ref _state, Awake, state) != state)
        {
            return;
        }

        if (state == NotStarted)
        {
            var thread = new Thread(Watch) { IsBackground = true, Name = "Treeline monitor" };
            Volatile.Write(ref _thread, thread);
            thread.UnsafeStart();
        }
        else
        {
            _stir.Set();
        }
    }

    /// <summary>Ends the thread, and those of the spare workers, which must have nothing to do any more.</summary>
    public void Dispose()
    {
        _stopping = true;
        if (Interlocked.Exchange(ref _state, Awake) != NotStarted)
        {
            _stir.Set();
            var spinner = default(SpinWait);
            while (Volatile.Read(ref _thread) is not { } thread || thread.ThreadState.HasFlag(System.Threading.ThreadState.Unstarted))
            {
                spinner.SpinOnce(); // another thread is in Stir
            }

            _thread!.Join();
        }

        _stir.Dispose();
        _spares.Stop(scheduler.Idle);
    }

    private void Watch()
    {
        int quiet = 0;
        while (!_stopping)
        {
            int pause = Look(out bool active);
            quiet = active ? 0 : quiet + 1;
            if (quiet > QuietLooks)
            {
                Sleep();
                quiet = 0;
            }
            else
            {
                Thread.Sleep(pause);
            }
        }
    }

    private void Sleep()
    {
        Interlocked.Exchange(ref _state, Asleep);
        if ((scheduler.Idle.Unparked > 0 || _stopping) && Interlocked.CompareExchange(ref _state, Awake, Asleep) == Asleep)
        {
            return;
        }

        _stir.WaitOne();
    }

    /// <summary>Looks at every worker. Returns the milliseconds until the next look.</summary>
    private int Look(out bool active)
    {
        Volatile.Write(ref _looks, _looks + 1);
        (_sampled, _sample) = (_sample, null);
        long now = Stopwatch.GetTimestamp();
        bool unseen = scheduler.Crank.WantsWorker();
        bool waits = unseen || scheduler.HasWork;
        bool progress = false;
        bool retell = false;
        bool stuck = false;
        active = false;
        Worker[] all = scheduler.Idle.All;
        int doubtful = all.Count(static worker => worker is { State: WorkerState.Blocked, Notes.Doubtful: true });
        foreach (Worker worker in all)
        {
            WorkerState state = worker.State;
            uint dispatches = worker.Dispatches;
            ref MonitorNotes notes = ref worker.Notes;
            retell |= state == WorkerState.Blocked && worker.HasLifo;
            active |= state is not WorkerState.Parked and not WorkerState.Blocked;
            if (state != notes.State || dispatches != notes.Dispatches)
            {
                notes = new MonitorNotes { State = state, Dispatches = dispatches, Since = now };
                progress = true;
            }
            else if (state == WorkerState.Queued)
            {
                stuck = true;
                if (waits && !worker.Crank.KeepsThread && now - notes.Since >= 3 * s_millisecond / 2 && !notes.Acted)
                {
                    notes.Acted = true;
                    _spares.Start(worker);
                }
            }
            else if (state == WorkerState.Running)
            {
                stuck = true;
                scheduler.Crank.SeenBusy(worker, dispatches, Stopwatch.GetElapsedTime(notes.Since, now));
                if (scheduler.Crank.HandsOff && IsStuck(worker, now, waits || worker.HasLifo, doubtful))
                {
                    GiveUp(worker, now, waits || worker.HasLifo);
                }
            }
            else if (state == WorkerState.Blocked)
            {
                active |= scheduler.Crank.SeenBusy(worker, dispatches, Stopwatch.GetElapsedTime(notes.Since, now));
            }
        }

        if (retell || unseen)
        {
            scheduler.Notify();
        }

        _smooth = stuck ? 0 : _smooth + 1;
        return active && !progress && !waits ? 10 // everybody is stuck and it does not matter
            : _smooth > AlertLooks ? 4
            : 1;
    }

    private bool IsStuck(Worker worker, long now, bool waits, int doubtful)
    {
        long stuck = now - worker.Notes.Since;
        ThreadActivity activity = worker.Probe?.Look() ?? ThreadActivity.Unknown;
        worker.Notes.Doubtful = activity == ThreadActivity.Unknown;
        if (!waits)
        {
            return activity == ThreadActivity.Waiting && stuck >= 50 * s_millisecond;
        }

        if (scheduler.Idle.Blocked >= ManyBlocked && now - _lastHandOff < 100 * s_millisecond)
        {
            return false;
        }

        return activity switch
        {
            ThreadActivity.Waiting => true,

            // Others have a seat and would take what is in its slot, but for its being a worker that runs.
            ThreadActivity.Computing => worker.HasLifo && scheduler.Idle.Unparked < scheduler.Seats,
            _ => HasIdleCore(now) && stuck >= s_millisecond << Math.Min(9, doubtful / scheduler.Seats),
        };
    }

    private void GiveUp(Worker worker, long now, bool replace)
    {
        if (!scheduler.Idle.TryBlock(worker, replace, out Worker? replacement))
        {
            return;
        }

        worker.Notes.State = WorkerState.Blocked; // what was noted stays so
        _lastHandOff = now;
        Volatile.Write(ref _handOffs, _handOffs + 1);
        if (replacement is null)
        {
            // Nothing waited. Who brought something since then saw that all seats were taken, and this one is not any more.
            if (scheduler.HasWork)
            {
                scheduler.Notify();
            }
        }
        else if (replacement.Keeper is null)
        {
            _spares.Start(replacement); // not the pool's: that may have no thread to give
        }
        else
        {
            replacement.Crank.Wake(replacement);
        }
    }

    private bool HasIdleCore(long now)
    {
        _sample ??= (now, Environment.CpuUsage.TotalTime);
        if (_sampled is not { } before)
        {
            return false;
        }

        double cores = (_sample.Value.Cpu - before.Cpu) / Stopwatch.GetElapsedTime(before.Time, now);
        return cores < _cores - 0.5;
    }
}
