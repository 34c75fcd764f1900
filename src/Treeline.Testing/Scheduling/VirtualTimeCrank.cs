namespace Treeline.Testing;

/// <summary>
/// Turns the one worker of a scheduler on the thread that calls, in virtual time: when nothing is ready, it moves the clock
/// to the next timer, whose callback is then work like any other.
/// </summary>
/// <remarks>
/// <para><b>When nothing is ready.</b> What runs on this thread is known exactly: awaits come back to it, those of Treeline's
/// own included, because work runs in a <see cref="VirtualTimeContext"/>. What has left it is known as far as
/// <see cref="ForeignWork"/> and <see cref="PoolWatch"/> see it. The clock moves when there is neither.</para>
/// <para><b>Two contexts.</b> Both bring awaits back here. Where code completes what an await of the other context waits
/// for, that await goes on as work of its own; in the same context, right there on the stack, as .NET does. Timers run in
/// the second, so that what waited for them goes on when the callback has returned.</para>
/// <para><b>Protocol.</b> One thread turns the crank; it alone touches the fields that are not said to be shared. Whoever
/// makes the worker Queued, ends the awaited task, sets a timer elsewhere or is foreign work that ends, sets the event
/// afterwards; the thread looks at all of them before it waits.</para>
/// </remarks>
internal sealed class VirtualTimeCrank : Crank, IDisposable
{
    // How long, in real time, to wait for what cannot be seen before saying that nothing will ever happen.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly AutoResetEvent _wakeUp = new(false); // shared
    private readonly Thread _thread = Thread.CurrentThread;
    private readonly VirtualTime _time;
    private readonly SeededOrder? _order;
    private readonly ForeignWork _foreign;
    private readonly PoolWatch _pool = RunThread.Pool;
    private readonly Func<bool> _hasNews;
    private readonly VirtualTimeContext _context;
    private readonly VirtualTimeContext _otherContext;

    // Shared. Owner: the lock. True once nobody will turn the crank again.
    private readonly Lock _gate = new();
    private bool _closed;

    private Task? _until;
    private int _dispatchesLeft;
    private bool _stuck;

    /// <param name="time">The clock.</param>
    /// <param name="order">Chooses what runs next. Null: what came first.</param>
    public VirtualTimeCrank(VirtualTime time, SeededOrder? order)
    {
        _time = time;
        _order = order;
        Scheduler = new Scheduler(this, seats: 1, monitored: false);
        _context = new VirtualTimeContext(this);
        _otherContext = new VirtualTimeContext(this);
        _foreign = new ForeignWork(_wakeUp);
        _hasNews = () => Worker.State == WorkerState.Queued || _foreign.IsBusy();
    }

    public Scheduler Scheduler { get; }

    public override bool HandsOff => false;

    private Worker Worker => Scheduler.Idle.All[0];

    /// <summary>
    /// Runs work on the calling thread until <paramref name="task"/> has completed. False: it has not, and nothing is left
    /// that could bring that about. What a work item throws (an <c>async void</c> method, a timer's callback) comes out of
    /// here, and the crank can be turned on.
    /// </summary>
    public bool TryRunUntil(Task task)
    {
        _ = task.ContinueWith(
            static (_, wakeUp) => ((AutoResetEvent)wakeUp!).Set(),
            _wakeUp,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        _until = task;
        _stuck = false;
        _dispatchesLeft = int.MaxValue;
        Turn();
        return !_stuck;
    }

    /// <summary>Runs what is ready, and what that makes ready, up to a number of dispatches. Time stands still.</summary>
    public void RunWhatIsReady(int dispatches)
    {
        _until = null;
        _dispatchesLeft = dispatches;
        Turn();
    }

    /// <summary>Puts work in where it waits for its turn; once the crank has been put away, to the thread pool.</summary>
    public void Post(IThreadPoolWorkItem work)
    {
        lock (_gate)
        {
            if (!_closed)
            {
                Scheduler.Schedule(work);
                return;
            }
        }

        ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
    }

    /// <summary>A timer has been set or stopped, perhaps by a thread that nobody knows of.</summary>
    public void TimerChanged()
    {
        if (Thread.CurrentThread != _thread)
        {
            _wakeUp.Set();
        }
    }

    /// <summary>The clock stands still while <paramref name="task"/> runs.</summary>
    public void HoldFor(Task task) => _foreign.Add(task);

    public override void Wake(Worker worker) => _wakeUp.Set();

    public override void Begin(Worker worker)
    {
        worker.UntilLook = 1;
        _order?.PutNext(worker, _context, _otherContext);
    }

    public override bool Leaves(Worker worker)
    {
        worker.UntilLook = 1;
        if (--_dispatchesLeft <= 0 || _until is { IsCompleted: true })
        {
            return true;
        }

        _order?.PutNext(worker, _context, _otherContext);
        return false;
    }

    public override void HandBack(Worker worker)
    {
        // It stays Queued until somebody turns the crank again.
    }

    public override bool AwaitWakeUp(Worker worker)
    {
        while (_until is { IsCompleted: false })
        {
            if (worker.State == WorkerState.Queued)
            {
                return true;
            }

            if (!LookForWork())
            {
                _stuck = true;
                return false;
            }
        }

        return false;
    }

    /// <summary>Whatever comes from now on goes to the thread pool, and so does what is still here.</summary>
    public void Dispose()
    {
        _foreign.Dispose();
        lock (_gate)
        {
            _closed = true;
        }

        // Nobody drives the worker any more, and nobody but this thread may begin to.
        Worker worker = Worker;
        worker.EmptyLifo();
        while ((worker.Queue.Pop() ?? Scheduler.TakeInjected(worker) ?? _order?.TakeAny()) is { } left)
        {
            ThreadPool.UnsafeQueueUserWorkItem(left, preferLocal: false);
        }

        // The event is left to its finalizer: somebody may be about to set it.
    }

    private void Turn()
    {
        SynchronizationContext? outer = SynchronizationContext.Current;
        ExecutionContext? callers = ExecutionContext.Capture();
        try
        {
            SynchronizationContext.SetSynchronizationContext(_context);
            Scheduler.Idle.Claim(Worker);
            Worker.Drive(this);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outer);
            if (callers is not null)
            {
                ExecutionContext.Restore(callers); // work that threw may have left another
            }
        }
    }

    /// <summary>Nothing is ready. False: nothing ever will be.</summary>
    private bool LookForWork()
    {
        if (WaitForForeign())
        {
            return true;
        }

        if (!_pool.TryAwaitQuiet(_hasNews))
        {
            return true;
        }

        if (!_time.TryMoveToNextTimer())
        {
            return _wakeUp.WaitOne(s_patience);
        }

        if (_time.TryTakeDue(out DueTimer due))
        {
            do
            {
                Scheduler.Schedule(new TimerWork(due, _otherContext));
            }
            while (_order is not null && _time.TryTakeDue(out due)); // all of that instant: the order decides
        }

        return true;
    }

    /// <summary>Waits while foreign work is seen to run. True: something has happened.</summary>
    private bool WaitForForeign()
    {
        while (_foreign.IsBusy())
        {
            _pool.BePatient();
            if (_wakeUp.WaitOne(millisecondsTimeout: 5))
            {
                return true;
            }
        }

        return false;
    }

    private sealed class TimerWork(DueTimer due, SynchronizationContext context) : IThreadPoolWorkItem
    {
        public void Execute()
        {
            SynchronizationContext.SetSynchronizationContext(context); // the worker puts back what was
            due.Fire();
        }
    }
}
