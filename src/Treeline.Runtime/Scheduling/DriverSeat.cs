using System.Diagnostics;
using Treeline.Drivers;

namespace Treeline;

/// <summary>
/// The one seat at a <see cref="Driver"/>: whoever has nothing to do takes it and waits there, for the outside world and for timers; the
/// others wait for somebody to wake them. As in Tokio (<c>runtime/scheduler/multi_thread/park.rs</c>).
/// </summary>
/// <remarks>
/// <para><b>Protocol.</b> <c>_taken</c> goes from 0 to 1 by compare-and-swap, and back by a store with release; whoever took it owns the
/// driver, <c>_undispatched</c> and <c>_lastLook</c> meanwhile. The seat may be kept from the end of a wait, when the thread has no worker, to the
/// beginning of the drive that dispatches what has come (<see cref="Dispatch"/>); the same thread does both, and a thread that
/// ends, or finds that its worker has been taken, gives the seat back.</para>
/// <para><b>No wake-up is lost.</b> Whoever waits stores its worker in <c>_sitter</c>, passes a full fence, and looks whether the worker has
/// become Queued (or the wait has become pointless); only then it waits. Whoever wakes the worker has made it Queued, passes a full
/// fence (<see cref="Rouse"/>), and reads <c>_sitter</c>: it is the worker, then the driver is woken; or else its event is set. One of the two sees what the other did. A driver that is
/// woken without reason returns early from one wait, and an event that is set without reason ends one wait; both look again.</para>
/// <para><b>Somebody sits.</b> A thread that parks takes the seat if it is free. A sitter that goes to work leaves it free: every worker that
/// runs out of work looks at the driver before it parks, and every <see cref="DispatchesPerLook"/> dispatches. What
/// comes in while all that are awake are stuck is seen by the monitor: it looks whether anybody has looked
/// (<see cref="IsNeglected"/>), and wakes somebody to do so. A thread that ends passes the seat on (<see cref="PassOn"/>).</para>
/// </remarks>
internal sealed class DriverSeat(Driver driver, AlarmClock? clock)
{
    /// <summary>How many dispatches a busy worker makes between two looks at the driver. Tokio's <c>event_interval</c>.</summary>
    public const int DispatchesPerLook = 61;

    private static readonly long s_millisecond = Stopwatch.Frequency / 1000;

    // Whether the calling thread has the seat, and which: there may be several runtimes.
    [ThreadStatic]
    private static DriverSeat? t_held;

    private int _taken;
    private bool _undispatched;
    private Worker? _sitter;
    private long _lastLook;

    public Driver Driver => driver;

    /// <summary>Null: the runtime has no timers.</summary>
    public AlarmClock? Clock => clock;

    /// <summary>Whether nobody has looked at the driver for longer than a millisecond, and nobody waits there. Any thread; a guess.</summary>
    public bool IsNeglected =>
        Volatile.Read(ref _taken) == 0 && Stopwatch.GetTimestamp() - Volatile.Read(ref _lastLook) > s_millisecond;

    /// <summary>
    /// Looks, without waiting, for what has come, and ends the waits for it: what that wakes is in the queue of the calling worker. True if
    /// anything is there now. Called by the owner of the worker.
    /// </summary>
    public bool Look(Worker worker)
    {
        if (!TryTake())
        {
            return false;
        }

        Leave(_undispatched || driver.Wait(0));
        return worker.Queue.HasWork || worker.HasLifo;
    }

    /// <summary>
    /// The calling thread, which has parked <paramref name="worker"/>, waits with it: in the seat, or until it is roused. False: the
    /// patience is over.
    /// </summary>
    /// <param name="worker">Parked, and waited with by the calling thread.</param>
    /// <param name="patience">How long to wait at most.</param>
    /// <param name="isOver">Asked before every wait in the seat: whether there is no point in waiting any more.</param>
    public bool Wait(Worker worker, TimeSpan patience, Func<bool> isOver)
    {
        if (!TryTake())
        {
            return worker.State == WorkerState.Queued || worker.WakeUp!.WaitOne(patience);
        }

        long start = Stopwatch.GetTimestamp();
        Volatile.Write(ref _sitter, worker);
        Interlocked.MemoryBarrier(); // with the one in Rouse
        bool waits = worker.State != WorkerState.Queued && !isOver();
        bool came = _undispatched || (waits && Sit(start, patience));
        Interlocked.Exchange(ref _sitter, null); // a full fence: who still saw it here has made the worker Queued before we look again
        bool due = clock is not null && clock.IsDue(Stopwatch.GetTimestamp());
        if (!came && !due)
        {
            Release();
            return !waits || patience == Timeout.InfiniteTimeSpan || Stopwatch.GetElapsedTime(start) < patience;
        }

        // The seat is kept: what has come is dispatched when this thread drives the worker.
        _undispatched = came;
        t_held = this;
        worker.Scheduler.Idle.Claim(worker);
        worker.Scheduler.Monitor?.Stir();
        return true;
    }

    /// <summary>Ends the waits for what came while the calling thread waited, if any. Called by the owner of the worker.</summary>
    public void Dispatch(Worker worker)
    {
        if (t_held == this)
        {
            t_held = null;
            Leave(_undispatched);
            if (worker.Queue.Count > 1)
            {
                worker.Scheduler.Notify();
            }
        }
    }

    /// <summary>The calling thread ends, or will not drive the worker it waited with.</summary>
    public void GiveBack()
    {
        if (t_held == this)
        {
            t_held = null;
            Release(); // what came is left to whoever takes the seat next
        }
    }

    /// <summary>Wakes the thread that waits with <paramref name="worker"/>, in the seat or beside it. Any thread.</summary>
    public void Rouse(Worker worker)
    {
        Interlocked.MemoryBarrier(); // with the one in Wait
        if (ReferenceEquals(Volatile.Read(ref _sitter), worker))
        {
            driver.Wake();
        }
        else
        {
            worker.WakeUp!.Set();
        }
    }

    /// <summary>A thread that has waited in the seat ends: another takes its place, if nobody has yet.</summary>
    public void PassOn(Scheduler scheduler)
    {
        if (Volatile.Read(ref _taken) == 0 && scheduler.Idle.TryWake() is { } worker)
        {
            worker.Crank.Wake(worker);
        }
    }

    private bool Sit(long start, TimeSpan patience)
    {
        long until = patience == Timeout.InfiniteTimeSpan ? long.MaxValue : TimeProvider.System.After(start, patience);
        if (clock is not null)
        {
            until = clock.Sleep(until, driver);
        }

        int milliseconds = -1;
        if (until != long.MaxValue)
        {
            long left = until - Stopwatch.GetTimestamp();
            milliseconds = left <= 0 ? 0 : (int)Math.Min((left + s_millisecond - 1) / s_millisecond, int.MaxValue);
        }

        bool came = driver.Wait(milliseconds);
        clock?.WakeUp();
        return came;
    }

    private bool TryTake() => Volatile.Read(ref _taken) == 0 && Interlocked.CompareExchange(ref _taken, 1, 0) == 0;

    private void Leave(bool came)
    {
        if (came)
        {
            _undispatched = false;
            driver.Dispatch();
        }

        long now = Stopwatch.GetTimestamp();
        Volatile.Write(ref _lastLook, now);
        Volatile.Write(ref _taken, 0);
        if (clock is not null && clock.IsDue(now))
        {
            clock.Ring(now);
        }
    }

    private void Release()
    {
        Volatile.Write(ref _lastLook, Stopwatch.GetTimestamp());
        Volatile.Write(ref _taken, 0);
    }
}
