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
internal sealed class SingleThreadCrank : Crank, IDisposable
{
    private readonly AutoResetEvent _wakeUp = new(false);
    private readonly SchedulerContext _context;
    private int _turning;
    private Task? _until;

    public SingleThreadCrank()
    {
        Scheduler = new Scheduler(this, seats: 1);
        _context = new SchedulerContext(Scheduler);
    }

    public Scheduler Scheduler { get; }

    public override bool HandsOff => false;

    /// <summary>Runs work on the calling thread until <paramref name="task"/> has completed. Does not throw what it failed with.</summary>
    public void RunUntil(Task task)
    {
        if (!task.IsCompleted)
        {
            task.ContinueWith(
                static (_, wakeUp) => ((AutoResetEvent)wakeUp!).Set(),
                _wakeUp,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
            Turn(task);
        }
    }

    /// <summary>Runs work on the calling thread until there is none.</summary>
    public void RunUntilIdle() => Turn(null);

    public override void Wake(Worker worker) => _wakeUp.Set();

    public override void Begin(Worker worker) => worker.UntilLook = 1;

    public override bool Leaves(Worker worker)
    {
        worker.UntilLook = 1;
        return _until is { IsCompleted: true };
    }

    public override void HandBack(Worker worker)
    {
        // It stays Queued until somebody turns the crank again.
    }

    public override bool AwaitWakeUp(Worker worker)
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

            _wakeUp.WaitOne();
        }

        return false;
    }

    /// <summary>Runs what is left on the calling thread, and takes no more.</summary>
    public void Dispose()
    {
        Scheduler.Dispose();
        _wakeUp.Dispose();
    }

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
