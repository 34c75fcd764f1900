using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>
/// Runs work on a few workers: each has a queue of its own, takes from a common one now and then, and steals from the
/// others when it has nothing. Which threads drive the workers is the business of the <see cref="Crank"/>.
/// </summary>
/// <remarks>
/// <para><b>Order.</b> A worker runs what was woken last (three times in a row at most), then its queue in order. It looks
/// at the injector every 61 dispatches, and when its queue is empty. So nothing waits for ever behind work that is always
/// ready.</para>
/// <para><b>Protocol.</b> Who holds a worker: <see cref="Worker"/>. Who is woken, and why no wake-up is lost:
/// <see cref="IdleWorkers"/>. How work is taken from a thread that blocks: <see cref="BlockMonitor"/>.</para>
/// <para><b>Stop.</b> <see cref="Dispose"/> waits until the queues are empty and no work runs; in that moment the injector
/// closes, and whoever schedules new work from outside afterwards is refused. What has begun and waited then goes on on the .NET thread pool:
/// it must not be lost. Work that runs may schedule until the end.</para>
/// </remarks>
internal sealed class Scheduler : Executor, IDisposable
{
    private readonly Injector _injector = new();
    private readonly int _seats;
    private readonly BlockMonitor? _monitor;
    private readonly ManualResetEventSlim _atRest = new();
    private volatile bool _stopping;

    /// <param name="crank">What turns the workers.</param>
    /// <param name="seats">How many workers run at a time.</param>
    /// <param name="monitored">False: work that blocks its thread keeps it, even if the crank could hand off.</param>
    /// <param name="sparePatience">How long the thread of a spare worker waits for work. Null: 15 s.</param>
    public Scheduler(Crank crank, int seats, bool monitored = true, TimeSpan? sparePatience = null)
    {
        SparePatience = sparePatience ?? TimeSpan.FromSeconds(15);
        Crank = crank;
        _seats = seats;
        Idle = new IdleWorkers(this, seats);
        _monitor = monitored && crank.IsWatched ? new BlockMonitor(this) : null;
    }

    public Crank Crank { get; }

    public IdleWorkers Idle { get; }

    /// <summary>Who made it, for whoever finds out from a worker where it belongs. Null: nobody of interest.</summary>
    public object? Owner { get; init; }

    internal override BlockingPool Blocking => BlockingThreads ?? base.Blocking;

    /// <summary>The threads for blocking work that is spawned here. Null: those of the process.</summary>
    public BlockingPool? BlockingThreads { get; init; }

    /// <summary>How much work came from outside and waits. A guess.</summary>
    public int Injected => _injector.Count;

    /// <summary>How many workers run at a time.</summary>
    public int Seats => _seats;

    /// <summary>How long the thread of a spare worker waits for work before it ends.</summary>
    public TimeSpan SparePatience { get; }

    /// <summary>Null: nobody looks after threads that block.</summary>
    public BlockMonitor? Monitor => _monitor;

    /// <summary>Whether work waits that a worker could take. A guess by the time the caller knows it.</summary>
    public bool HasWork
    {
        get
        {
            if (_injector.HasWork)
            {
                return true;
            }

            foreach (Worker worker in Idle.All)
            {
                if (worker.HasWork)
                {
                    return true;
                }
            }

            return false;
        }
    }

    public override void Schedule(IThreadPoolWorkItem work)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (WorkerThread.Current.Worker is { } worker && worker.Scheduler == this)
        {
            worker.PushSpawned(work);
        }
        else
        {
            Inject(work);
        }
    }

    internal override void ScheduleWoken(IThreadPoolWorkItem work)
    {
        if (WorkerThread.Current.Worker is { } worker && worker.Scheduler == this)
        {
            worker.PushWoken(work);
        }
        else
        {
            Continue(work);
        }
    }

    internal override void ScheduleYielded(IThreadPoolWorkItem work)
    {
        if (WorkerThread.Current.Worker is { } worker && worker.Scheduler == this)
        {
            worker.PushYielded(work);
        }
        else
        {
            Continue(work);
        }
    }

    /// <summary>Work was put where another worker can take it: wakes one, if that can help.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Notify()
    {
        Interlocked.MemoryBarrier();
        if (Idle.WantsOneMore)
        {
            WakeOne();
        }
    }

    /// <summary>A worker that was searching has found work, and may have been relied upon to find more.</summary>
    public void EndSearch()
    {
        Idle.EndSearch();
        if (HasWork)
        {
            Notify();
        }
    }

    /// <summary>A worker has been parked. The caller's thread does not hold it any more.</summary>
    public void AfterParking()
    {
        if (HasWork)
        {
            Notify();
        }

        if (_stopping)
        {
            LookWhetherAtRest();
        }
    }

    /// <summary>A fair share of what was scheduled from outside. Called by the owner of <paramref name="worker"/>.</summary>
    public IThreadPoolWorkItem? TakeInjected(Worker worker) => _injector.Take(worker.Queue, _seats);

    /// <summary>
    /// Waits until all work has been run, refuses more, and ends the threads. Work that never ends, or is never woken,
    /// does not keep it: only what is queued or running does.
    /// </summary>
    /// <exception cref="InvalidOperationException">Called by work that runs here.</exception>
    public void Dispose()
    {
        if (WorkerThread.Current.Worker?.Scheduler == this)
        {
            throw new InvalidOperationException("A scheduler cannot be stopped by work that runs on it: it would wait for itself.");
        }

        _stopping = true;
        if (Crank is SingleThreadCrank crank)
        {
            crank.RunUntilIdle();
        }

        LookWhetherAtRest();
        _atRest.Wait();
        _monitor?.Dispose();
        Crank.Stop(Idle);
    }

    private void Inject(IThreadPoolWorkItem work)
    {
        ObjectDisposedException.ThrowIf(!_injector.TryPush(work), this);
        Notify();
    }

    private void Continue(IThreadPoolWorkItem work)
    {
        if (_injector.TryPush(work))
        {
            Notify();
        }
        else
        {
            System.Threading.ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WakeOne()
    {
        if (Idle.TryWake() is { } worker)
        {
            worker.Crank.Wake(worker);
            _monitor?.Stir();
        }
    }

    // Once the injector is closed, only work that runs can bring more. So if after that nobody runs, it is for good.
    private void LookWhetherAtRest()
    {
        if (_injector.TryClose() && Idle.AllParked && !HasWork)
        {
            _atRest.Set();
        }
    }
}
