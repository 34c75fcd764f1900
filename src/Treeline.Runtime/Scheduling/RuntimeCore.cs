using System.Diagnostics;
using Treeline.Drivers;
using Treeline.Net;

namespace Treeline;

/// <summary>
/// One scheduler with its workers and the driver they wait in. Most runtimes are one of these; one with a thread to a core is as many
/// as it has threads.
/// </summary>
internal sealed class RuntimeCore
{
    private readonly DriverThreadsCrank? _threads;
    private readonly Stack<TimerShard> _timers = [];
    private Gate _gate; // of _timers
    private int _hasThread;

    /// <param name="runtime">Whose it is.</param>
    /// <param name="driver">What its workers wait in.</param>
    /// <param name="processor">The processor that its one worker is bound to; null: none.</param>
    public RuntimeCore(RuntimeHandle runtime, Driver driver, int? processor)
    {
        Runtime = runtime;
        Processor = processor;
        Settings = runtime.Settings;
        Busy = new SlowPolls(Settings.SlowPoll, Settings.OnSlowPoll);
        Seat = new DriverSeat(driver, Settings.Time ? new AlarmClock() : null);
        if (Settings.Shape == RuntimeShape.CurrentThread)
        {
            Caller = new DriverCallerCrank(this);
            Scheduler = Caller.Scheduler;
        }
        else
        {
            _threads = new DriverThreadsCrank(this, Timeout.InfiniteTimeSpan);
            Scheduler = MakeScheduler(_threads, IsPinned ? 1 : Settings.Workers);
        }

        driver.Executor = Scheduler;
        Context = new RuntimeContext(Scheduler);
    }

    public RuntimeHandle Runtime { get; }

    public RuntimeSettings Settings { get; }

    public Scheduler Scheduler { get; }

    public DriverSeat Seat { get; }

    public SynchronizationContext Context { get; }

    public SlowPolls Busy { get; }

    /// <summary>The crank that the blocking thread turns; null: the runtime has threads of its own.</summary>
    public DriverCallerCrank? Caller { get; }

    /// <summary>The processor its worker is bound to.</summary>
    public int? Processor { get; }

    /// <summary>Whether its one worker stays on its thread whatever happens: the driver belongs to that thread.</summary>
    public bool IsPinned => Settings.Shape == RuntimeShape.ThreadPerCore;

    /// <summary>Its sockets.</summary>
    /// <exception cref="InvalidOperationException">It was built without.</exception>
    public Network Network => Settings.Io ? Seat.Driver.Network : throw new InvalidOperationException(
        $"The runtime '{Settings.Name}' was built without I/O, so it has no sockets. Call EnableIo() or EnableAll() on its builder.");

    /// <summary>The core that the calling code runs on; null: none of a runtime's.</summary>
    public static RuntimeCore? OfCaller =>
        WorkerThread.Current.Worker is { } worker ? worker.Scheduler.Owner as RuntimeCore
        : (Ambient.Current?.Executor as Scheduler)?.Owner as RuntimeCore;

    public Scheduler MakeScheduler(Crank crank, int seats) => new(crank, seats)
    {
        Owner = this,
        BlockingThreads = Runtime.Blocking,
    };

    /// <summary>Where a worker keeps its timers.</summary>
    /// <exception cref="InvalidOperationException">The runtime was built without.</exception>
    public TimerShard MakeTimers()
    {
        using (_gate.Enter())
        {
            if (_timers.TryPop(out TimerShard? kept))
            {
                return kept;
            }
        }

        return new TimerShard(
            Seat.Clock ?? throw new InvalidOperationException(
                $"The runtime '{Settings.Name}' was built without time, so it has no timers. Call EnableTime() or EnableAll() on its "
                + "builder."),
            Scheduler);
    }

    /// <summary>A worker is gone for good; the next that comes gets its timers, which may be set still.</summary>
    public void KeepTimers(Worker worker)
    {
        if (worker.Timers is { } timers)
        {
            using (_gate.Enter())
            {
                _timers.Push(timers);
            }
        }
    }

    /// <summary>
    /// Whether a thread that was started may drive the worker. A pinned one has one thread for ever, which the driver belongs to. A second one
    /// is started when the worker is woken in the moment in which its thread goes to work by itself: the work is seen to, then.
    /// </summary>
    public bool TakesThread() => !IsPinned || Interlocked.Exchange(ref _hasThread, 1) == 0;

    /// <summary>The calling thread begins as a worker's.</summary>
    public void ThreadStarts()
    {
        if (Processor is { } processor)
        {
            ProcessorAffinity.BindCallingThread(processor);
        }

        if (IsPinned)
        {
            Seat.Driver.Attach();
        }

        Settings.OnThreadStart?.Invoke();
    }

    /// <summary>The calling thread ends.</summary>
    public void ThreadEnds()
    {
        if (IsPinned)
        {
            Seat.Driver.Detach();
        }

        Settings.OnThreadStop?.Invoke();
    }

    /// <summary>The calling thread has begun to drive <paramref name="worker"/>, which has work.</summary>
    public void Unparked(Worker worker)
    {
        worker.Quantum.Start = Stopwatch.GetTimestamp();
        Settings.OnThreadUnpark?.Invoke();
    }

    /// <summary>The calling thread has parked <paramref name="worker"/>, and stays with it.</summary>
    public void Parked(Worker worker)
    {
        // Nobody else drives a worker that a thread waits with.
        ref long start = ref worker.Quantum.Start;
        if (start != 0)
        {
            worker.BusyTime += Stopwatch.GetTimestamp() - start;
            start = 0;
            Settings.OnThreadPark?.Invoke();
        }
    }

    /// <summary>Ends the threads and closes the driver.</summary>
    public void Dispose()
    {
        if (Caller is { } caller)
        {
            caller.Dispose();
        }
        else
        {
            Scheduler.Dispose();
        }

        Seat.Driver.Dispose();
        Seat.Clock?.Close();
    }
}
