namespace Treeline;

/// <summary>
/// A <see cref="TimerWheel"/> of milliseconds that several threads use, and one alarm for it: it calls
/// <see cref="WheelTimer.OnDue"/> of each timer whose time has come, never early. Each worker has one, so that cores do not fight
/// (<see cref="TimerShards"/>).
/// </summary>
/// <remarks>
/// <b>Protocol.</b> The wheel, the links of the timers in it and <c>_alarm</c> belong to the gate, which is held for some
/// dozens of timers at most. Nothing but the wheel is touched under it.
/// <para>
/// <b>Who owns a timer.</b> Whoever sets it and takes it away: one at a time, in an order of their own (a waiter's owner,
/// say). Once <see cref="Remove"/> has returned, the shard has no reference to it and sets none; but a thread that had taken it out as due
/// before may still call <c>OnDue</c>, at any later time. Whoever derives from <see cref="WheelTimer"/> must take that for the hint it is.
/// </para>
/// <para>
/// <b>No timer is forgotten.</b> Whenever the gate is free and the wheel is not empty, one of these holds: <c>_alarm</c> is not
/// after the time the wheel needs (the alarm rings then, or somebody is about to set it so); or the wheel is about to be looked at:
/// <c>_queued</c> is 1, or somebody looks, who before the end of the look compares again. Setting a timer that is earlier
/// moves <c>_alarm</c> to it; taking one away moves nothing: at worst the alarm rings for nothing, once. When it rings, early or
/// late, <c>_alarm</c> becomes Never first and the wheel is looked at after that.
/// </para>
/// <para>
/// <b>The alarm</b> is set outside the gate, after <c>_alarm</c>; whoever has set it reads <c>_alarm</c> again and starts over if it has
/// changed. So the last to set the alarm set it for the time that counts.
/// </para>
/// <para>
/// <b>Looks.</b> <c>_queued</c> goes from 0 to 1 by whoever puts the look in a queue, and back when it begins; so at most one is queued,
/// while several may run. Each takes the timers out one by one. Before the first is called, the alarm is set for the rest:
/// should what a timer calls block (the synchronization context of a test may run the continuation right there), the rest are
/// some milliseconds late and no more.
/// </para>
/// </remarks>
internal sealed class TimerShard : IThreadPoolWorkItem
{
    // So many at a time; then what they have woken comes first.
    private const int CallsOfALook = 128;

    // What is touched while the gate is held.
    private const int StepsUnderTheGate = 64;

    // For what is due and not called yet when somebody begins to call: in milliseconds.
    private const long Patience = 16;

    // TimeProvider's timers go up to 49 days. When it rings too early it is set again.
    private const long LongestAlarm = 1L << 30;

    private readonly TimeProvider _clock;
    private readonly Executor _executor;
    private readonly ITimer _timer;
    private readonly long _start;
    private readonly long _stepsOfTick;
    private readonly TimerWheel _wheel = new();
    private Gate _gate;
    private long _alarm = TimerWheel.Never;
    private int _queued;

    /// <param name="clock">Measures the time and gives the alarm. Not a user's.</param>
    /// <param name="executor">Where timers are called: a worker keeps in its own queue what they wake.</param>
    public TimerShard(TimeProvider clock, Executor executor)
    {
        _clock = clock;
        _executor = executor;
        _start = clock.GetTimestamp();
        _stepsOfTick = Math.Max(clock.TimestampFrequency / 1000, 1);
        _timer = clock.CreateUnflowedTimer(static shard => ((TimerShard)shard!).OnAlarm(), this);
    }

    /// <summary>How many timers are set. A guess by the time the caller knows it.</summary>
    public int Count
    {
        get
        {
            using (_gate.Enter())
            {
                return _wheel.Count;
            }
        }
    }

    /// <summary>Sets <paramref name="timer"/> for a deadline, in place of any it was set for here.</summary>
    /// <param name="timer">Belongs to the caller, and is not set in another shard.</param>
    /// <param name="now">The time, as the clock gave it just now.</param>
    /// <param name="deadline">When it is due, in timestamps of the clock.</param>
    public void Set(WheelTimer timer, long now, long deadline)
    {
        long tick = RoundUp(Math.Min(deadline, long.MaxValue - _stepsOfTick) - _start);
        using (_gate.Enter())
        {
            _wheel.Remove(timer);
            _wheel.Add(timer, tick, TickOf(now));
            if (tick >= _alarm)
            {
                return;
            }

            Interleave.Write(this, nameof(_alarm));
            _alarm = tick;
        }

        SetAlarm();
    }

    /// <summary>Takes <paramref name="timer"/> away, if it is set.</summary>
    public void Remove(WheelTimer timer)
    {
        using (_gate.Enter())
        {
            _wheel.Remove(timer);
        }
    }

    /// <summary>Looks at the wheel: calls those that are due.</summary>
    public void Execute()
    {
        Interleave.Write(this, nameof(_queued));
        Interlocked.Exchange(ref _queued, 0); // before the look: whatever rings from now on asks for another
        long now = TickOf(_clock.GetTimestamp());
        for (int calls = 0; calls < CallsOfALook;)
        {
            if (TryTakeDue(now, out WheelTimer? due))
            {
                return;
            }

            if (due is not null)
            {
                calls++;
                due.OnDue();
            }
        }

        Queue(again: true);
    }

    private void OnAlarm()
    {
        using (_gate.Enter())
        {
            Interleave.Write(this, nameof(_alarm));
            _alarm = TimerWheel.Never;
        }

        Queue();
    }

    /// <summary>True: nothing else is due, and the alarm is set for the rest. False: call again, after calling what was due.</summary>
    private bool TryTakeDue(long now, out WheelTimer? due)
    {
        bool none;
        using (_gate.Enter())
        {
            due = _wheel.TakeDue(now, StepsUnderTheGate, out bool unfinished);
            none = due is null && !unfinished;
            if (!none && _alarm != TimerWheel.Never)
            {
                return false;
            }

            long next = _wheel.Next;
            next = next > now ? next : now + Patience;
            if (next >= _alarm)
            {
                return none;
            }

            Interleave.Write(this, nameof(_alarm));
            _alarm = next;
        }

        SetAlarm();
        return none;
    }

    private void Queue(bool again = false)
    {
        Interleave.Write(this, nameof(_queued));
        if (Interlocked.Exchange(ref _queued, 1) == 0)
        {
            if (again)
            {
                _executor.ScheduleYielded(this);
            }
            else
            {
                try
                {
                    _executor.Schedule(this);
                }
                catch (ObjectDisposedException)
                {
                    // The runtime is gone; whoever set a timer there has not been told.
                    ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                }
            }
        }
    }

    private void SetAlarm()
    {
        long alarm;
        do
        {
            Interleave.Read(this, nameof(_alarm));
            alarm = Volatile.Read(ref _alarm);
            if (alarm == TimerWheel.Never)
            {
                return; // it rang meanwhile, and there will be a look
            }

            long left = (alarm * _stepsOfTick) - (_clock.GetTimestamp() - _start);
            _timer.Change(TimeSpan.FromMilliseconds(Math.Clamp(RoundUp(left), 0, LongestAlarm)), Timeout.InfiniteTimeSpan);
            Interleave.Read(this, nameof(_alarm));
        }
        while (Volatile.Read(ref _alarm) != alarm);
    }

    /// <summary>The tick that a timestamp lies in.</summary>
    private long TickOf(long timestamp) => (timestamp - _start) / _stepsOfTick;

    private long RoundUp(long steps) => (steps / _stepsOfTick) + (steps % _stepsOfTick > 0 ? 1 : 0);
}
