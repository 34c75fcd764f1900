using System.Diagnostics;

namespace Treeline;

/// <summary>
/// Turns the one worker of a current-thread runtime on the thread that blocks on it, which waits in the driver when there is nothing
/// to do.
/// </summary>
internal sealed class DriverCallerCrank : SingleThreadCrank
{
    private readonly RuntimeCore _core;
    private readonly Func<bool> _isOver;
    private readonly AutoResetEvent _free = new(true);
    private long _began; // the dispatch that is being made

    public DriverCallerCrank(RuntimeCore core)
        : base(crank => core.MakeScheduler(crank, seats: 1), scheduler => new RuntimeContext(scheduler))
    {
        _core = core;
        _isOver = () => IsOver;
        Scheduler.Idle.All[0].WakeUp = new AutoResetEvent(false);
    }

    /// <summary>
    /// Blocks the calling thread until <paramref name="task"/> has completed, and turns the crank meanwhile; if another thread does so, only from
    /// when that has what it waits for.
    /// </summary>
    public void Drive(Task task)
    {
        WaitHandle ended = ((IAsyncResult)task).AsyncWaitHandle;
        if (WaitHandle.WaitAny([ended, _free]) == 1)
        {
            try
            {
                RunUntil(task);
            }
            finally
            {
                // What it waits for may have ended just when the driver had something: that is left to the next.
                _core.Seat.GiveBack();
                _core.Parked(Scheduler.Idle.All[0]);
                _free.Set();
            }
        }
    }

    public override bool NotesWork => _core.Busy.IsOn;

    public override TimerShard MakeTimers() => _core.MakeTimers();

    public override bool BringsWork(Worker worker) => _core.Seat.Look(worker);

    public override void Begin(Worker worker)
    {
        base.Begin(worker);
        _core.Unparked(worker);
        _began = Stopwatch.GetTimestamp();
        _core.Seat.Dispatch(worker);
    }

    public override bool Leaves(Worker worker)
    {
        // It is asked after every dispatch, and looks at the driver now and then. Nobody watches this thread: it tells of itself.
        if (_core.Busy.IsOn)
        {
            long now = Stopwatch.GetTimestamp();
            _core.Busy.Seen(worker, worker.Dispatches, Stopwatch.GetElapsedTime(_began, now));
            _began = now;
        }

        if (worker.Dispatches % DriverSeat.DispatchesPerLook == 0)
        {
            _core.Seat.Look(worker);
        }

        return base.Leaves(worker);
    }

    protected override void Wait(Worker worker)
    {
        _core.Parked(worker);
        _core.Seat.Wait(worker, Timeout.InfiniteTimeSpan, _isOver);
    }

    protected override void Rouse() => _core.Seat.Rouse(Scheduler.Idle.All[0]);
}
