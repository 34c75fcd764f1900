namespace Treeline;

/// <summary>
/// Calls back once when a time has come, which can be moved meanwhile: the deadline of a scope, the end of its grace, the
/// end of its patience.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> <c>_due</c> (in steps of the clock's timestamp; <c>Never</c>: not set) says when; the timer below is
/// only a hint to look. Whoever sets the timer reads <c>_due</c> again afterwards and starts over if it has changed: so the
/// last to set the timer set it for the time that counts. Whoever swaps a time that has come for <c>Never</c> calls back,
/// once. No lock: the clock may be a user's.
/// <para>
/// The timer below is this object's place in a <see cref="TimerShard"/>, the same for ever and so one gate for all who set it;
/// or, for a clock that keeps its timers itself, one of that clock. After <see cref="Dispose"/> it is not set: who disposes
/// stores <c>_disposed</c> and then takes it away, under the gate; who sets it does so under the gate and then reads
/// <c>_disposed</c>, so one of the two takes it away.
/// </para>
/// </remarks>
internal sealed class ScopeTimer : WheelTimer, IThreadPoolWorkItem, IDisposable
{
    private const long Never = long.MaxValue;

    // Below the limit of TimeProvider.CreateTimer; longer times come in several steps.
    private static readonly TimeSpan s_longestStep = TimeSpan.FromDays(40);

    private readonly TimeProvider _clock;
    private readonly Action<object> _callback;
    private readonly object _owner;
    private readonly TimerShard? _shard;
    private readonly ITimer? _timer;
    private long _due = Never;
    private bool _disposed;

    /// <param name="clock">Measures the time.</param>
    /// <param name="callback">Called on a thread of the clock's choice, in no particular context.</param>
    /// <param name="owner">What it gets.</param>
    public ScopeTimer(TimeProvider clock, Action<object> callback, object owner)
    {
        _clock = clock;
        _callback = callback;
        _owner = owner;
        _shard = TimerShards.Of(clock);
        if (_shard is null)
        {
            _timer = clock.CreateUnflowedTimer(static timer => ((ScopeTimer)timer!).Look(), this);
        }
    }

    public TimeProvider Clock => _clock;

    /// <summary>Calls back after <paramref name="time"/>, instead of any time set before. At zero: soon, not on this stack.</summary>
    public void Set(TimeSpan time)
    {
        long now = _clock.GetTimestamp();
        long due = _clock.After(now, time);
        Interleave.Write(this, nameof(_due));
        Volatile.Write(ref _due, due);
        Rearm(now);
    }

    /// <summary>As <see cref="Set"/>, unless a time is set that comes sooner.</summary>
    public void SetIfSooner(TimeSpan time)
    {
        long now = _clock.GetTimestamp();
        long due = _clock.After(now, time);
        Interleave.Read(this, nameof(_due));
        long seen = Volatile.Read(ref _due);
        while (due < seen)
        {
            Interleave.Write(this, nameof(_due));
            long before = Interlocked.CompareExchange(ref _due, due, seen);
            if (before == seen)
            {
                Rearm(now);
                return;
            }

            seen = before;
        }
    }

    /// <summary>Calls back no more, unless it is about to.</summary>
    public void Clear()
    {
        Interleave.Write(this, nameof(_due));
        Volatile.Write(ref _due, Never);
    }

    public void Dispose()
    {
        Clear();
        Interleave.Write(this, nameof(_disposed));
        Volatile.Write(ref _disposed, true);
        _shard?.Remove(this);
        _timer?.Dispose();
    }

    /// <summary>The callback may run for long, and throw: it gets a work item of its own.</summary>
    public override void OnDue() => Executor.Current.Schedule(this);

    void IThreadPoolWorkItem.Execute() => Look();

    private void Look()
    {
        Interleave.Read(this, nameof(_due));
        long due = Volatile.Read(ref _due);
        while (due != Never)
        {
            long now = _clock.GetTimestamp();
            if (now < due)
            {
                Rearm(now);
                return;
            }

            Interleave.Write(this, nameof(_due));
            long before = Interlocked.CompareExchange(ref _due, Never, due);
            if (before == due)
            {
                _callback(_owner);
                return;
            }

            due = before;
        }
    }

    private void Rearm(long now)
    {
        long due;
        do
        {
            Interleave.Read(this, nameof(_due));
            due = Volatile.Read(ref _due);
            if (due == Never)
            {
                return;
            }

            if (_shard is not null)
            {
                _shard.Set(this, now, due);
                Interleave.Read(this, nameof(_disposed));
                if (Volatile.Read(ref _disposed))
                {
                    _shard.Remove(this);
                }
            }
            else
            {
                TimeSpan left = _clock.GetElapsedTime(now, due);
                _timer!.Change(
                    left > s_longestStep ? s_longestStep : RoundUp(left > TimeSpan.Zero ? left : TimeSpan.Zero), Timeout.InfiniteTimeSpan);
            }

            Interleave.Read(this, nameof(_due));
        }
        while (Volatile.Read(ref _due) != due);
    }

    // Timers count whole milliseconds, downwards: rounding would look too early, and again and again.
    private static TimeSpan RoundUp(TimeSpan time) => TimeSpan.FromMilliseconds(Math.Ceiling(time.TotalMilliseconds));
}
