namespace Treeline.Interleaving.Waiting;

/// <summary>A clock whose timers fire when an actor says so; a callback on its way stays on its way.</summary>
internal sealed class SteppedClock : TimeProvider
{
    private readonly List<Timer> _timers = [];
    private long _now;

    /// <param name="shard">Whether waits have their timers in a shard, as those of the system's clock have, or each its own.</param>
    public SteppedClock(bool shard = false) => Shard = shard ? new TimerShard(this, new InPlace()) : null;

    public TimerShard? Shard { get; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp()
    {
        Interleave.Read(this, "now");
        return _now;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        _timers.Add(timer);
        return timer;
    }

    /// <summary>Moves the clock, takes what is due, and runs it: between the two anything may happen.</summary>
    public void Advance(TimeSpan by)
    {
        Interleave.Write(this, "now");
        _now += by.Ticks;
        List<Timer> due = _timers.FindAll(timer => timer.Due <= _now);
        due.ForEach(static timer => timer.Due = long.MaxValue);
        due.ForEach(static timer => timer.Fire());
    }

    /// <summary>Runs the callbacks of all timers, due or not.</summary>
    public void Hint() => _timers.ForEach(static timer => timer.Fire());

    public override string ToString() => "the clock";

    /// <summary>Whoever rings the alarm looks at the wheel.</summary>
    private sealed class InPlace : Executor
    {
        public override void Schedule(IThreadPoolWorkItem work) => work.Execute();
    }

    private sealed class Timer(SteppedClock clock, Action fire) : ITimer
    {
        public long Due { get; set; } = long.MaxValue;

        public Action Fire => fire;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Interleave.Write(clock, "now");
            Due = dueTime == Timeout.InfiniteTimeSpan ? long.MaxValue : clock._now + dueTime.Ticks;
            return true;
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
