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
/// </remarks>
internal sealed class ScopeTimer : IDisposable
{
    private const long Never = long.MaxValue;

    // Below the limit of TimeProvider.CreateTimer; longer times come in several steps.
    private static readonly TimeSpan s_longestStep = TimeSpan.FromDays(40);

    private readonly TimeProvider _clock;
    private readonly Action _callback;
    private readonly ITimer _timer;
    private long _due = Never;

    /// <param name="clock">Measures the time.</param>
    /// <param name="callback">Called on a thread of the clock's choice, in no particular context.</param>
    public ScopeTimer(TimeProvider clock, Action callback)
    {
        _clock = clock;
        _callback = callback;

        // It may outlive the code that sets it, and must not hold on to its context.
        bool flows = !ExecutionContext.IsFlowSuppressed();
        AsyncFlowControl suppressed = flows ? ExecutionContext.SuppressFlow() : default;
        try
        {
            _timer = clock.CreateTimer(
                static timer => ((ScopeTimer)timer!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
        finally
        {
            if (flows)
            {
                suppressed.Undo();
            }
        }
    }

    public TimeProvider Clock => _clock;

    /// <summary>Calls back after <paramref name="time"/>, instead of any time set before. At zero: soon, not on this stack.</summary>
    public void Set(TimeSpan time)
    {
        Volatile.Write(ref _due, After(time));
        Rearm();
    }

    /// <summary>As <see cref="Set"/>, unless a time is set that comes sooner.</summary>
    public void SetIfSooner(TimeSpan time)
    {
        long due = After(time);
        long seen = Volatile.Read(ref _due);
        while (due < seen)
        {
            long before = Interlocked.CompareExchange(ref _due, due, seen);
            if (before == seen)
            {
                Rearm();
                return;
            }

            seen = before;
        }
    }

    /// <summary>Calls back no more, unless it is about to.</summary>
    public void Clear() => Volatile.Write(ref _due, Never);

    public void Dispose()
    {
        Clear();
        _timer.Dispose();
    }

    private long After(TimeSpan time)
    {
        Int128 steps = (Int128)time.Ticks * _clock.TimestampFrequency / TimeSpan.TicksPerSecond;
        return (long)Int128.Min(_clock.GetTimestamp() + Int128.Max(steps, 0), Never - 1);
    }

    private void Look()
    {
        long due = Volatile.Read(ref _due);
        while (due != Never)
        {
            if (_clock.GetTimestamp() < due)
            {
                Rearm();
                return;
            }

            long before = Interlocked.CompareExchange(ref _due, Never, due);
            if (before == due)
            {
                _callback();
                return;
            }

            due = before;
        }
    }

    private void Rearm()
    {
        long due;
        do
        {
            due = Volatile.Read(ref _due);
            if (due == Never)
            {
                return;
            }

            TimeSpan left = _clock.GetElapsedTime(_clock.GetTimestamp(), due);
            _timer.Change(
                left > s_longestStep ? s_longestStep : RoundUp(left > TimeSpan.Zero ? left : TimeSpan.Zero), Timeout.InfiniteTimeSpan);
        }
        while (Volatile.Read(ref _due) != due);
    }

    // Timers count whole milliseconds, downwards: rounding would look too early, and again and again.
    private static TimeSpan RoundUp(TimeSpan time) => TimeSpan.FromMilliseconds(Math.Ceiling(time.TotalMilliseconds));
}
