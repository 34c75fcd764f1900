namespace Treeline;

/// <summary>
/// Turns the one worker of a scheduler on the thread that calls <see cref="RunUntil"/>, for as long as that runs. What is
/// scheduled in between waits for the next call. Awaits of foreign tasks come back to that thread at once, because work
/// runs there in a synchronization context that schedules.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> One thread at a time is in <see cref="RunUntil"/> or <see cref="RunUntilIdle"/> (<c>_turning</c>); it
/// alone touches <c>_until</c>. Whoever makes the worker Queued, or ends the awaited task, sets the event afterwards; the
/// thread looks at both before it waits.
/// </remarks>
internal class SingleThreadCrank : Crank, IDisposable
{
    private readonly AutoResetEvent _wakeUp = new(false);
    private readonly SchedulerContext _context;
    private int _turning;
    private Task? _until;

    public SingleThreadCrank()
        : this(static crank => new Scheduler(crank, seats: 1), static scheduler => new SchedulerContext(scheduler))
    {
    }

    /// <param name="scheduler">Makes the scheduler, of one seat, over this crank.</param>
    /// <param name="context">Makes the context that work runs in.</param>
    protected SingleThreadCrank(Func<Crank, Scheduler> scheduler, Func<Scheduler, SchedulerContext> context)
    {
        Scheduler = scheduler(this);
        _context = context(Scheduler);
    }

    public Scheduler Scheduler { get; }

    public override bool HandsOff => false;

    /// <summary>Runs work on the calling thread until <paramref name="task"/> has completed. Does not throw what it failed with.</summary>
    public void RunUntil(Task task)
    {
        if (!task.IsCompleted)
        {
            task.ContinueWith(
                static (_, crank) => ((SingleThreadCrank)crank!).Rouse(),
                this,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
            Turn(task);
        }
    }

    /// <summary>Runs work on the calling thread until there is none.</summary>
    public void RunUntilIdle() => Turn(null);

    public sealed override void Wake(Worker worker) => Rouse();

    public override void Begin(Worker worker) => worker.UntilLook = 1;

    public override bool Leaves(Worker worker)
    {
        worker.UntilLook = 1;
        return IsOver;
    }

    public override void HandBack(Worker worker)
    {
        // It stays Queued until somebody turns the crank again.
    }

    public sealed override bool AwaitWakeUp(Worker worker)
    {
        while (_until is null or { IsCompleted: false })
        {
            if (worker.State == WorkerState.Queued)
            {
                return true;
            }

            if (_until is null)
            {
                return false;
            }

            Wait(worker);
        }

        return false;
    }

    /// <summary>Runs what is left on the calling thread, and takes no more.</summary>
    public virtual void Dispose()
    {
        Scheduler.Dispose();
        _wakeUp.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Whether what the calling thread turns the crank for is done.</summary>
    protected bool IsOver => _until is { IsCompleted: true };

    /// <summary>The thread that turns the crank waits until it is roused; may return early.</summary>
    protected virtual void Wait(Worker worker) => _wakeUp.WaitOne();

    /// <summary>Makes the thread that waits, or is about to, return from that. Any thread.</summary>
    protected virtual void Rouse() => _wakeUp.Set();

    private void Turn(Task? until)
    {
        if (Interlocked.Exchange(ref _turning, 1) != 0)
        {
            throw new InvalidOperationException("The single-thread crank is being turned already, by this thread or another.");
        }

        SynchronizationContext? outer = SynchronizationContext.Current;
        try
        {
            SynchronizationContext.SetSynchronizationContext(_context);
            _until = until;
            Worker worker = Scheduler.Idle.All[0];
            Scheduler.Idle.Claim(worker);
            worker.Drive(this);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outer);
            Volatile.Write(ref _turning, 0);
        }
    }
}
