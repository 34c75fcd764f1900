using System.Diagnostics;

namespace Treeline;

/// <summary>Points in time and timers of a clock, as Treeline needs them.</summary>
internal static class ClockExtensions
{
    // A whole number on every system there is: the division below takes longer than all else in setting a timer.
    private static readonly long s_stepsOfTick = Stopwatch.Frequency % TimeSpan.TicksPerSecond == 0
        ? Stopwatch.Frequency / TimeSpan.TicksPerSecond
        : 0;

    /// <summary>The timestamp <paramref name="time"/> after <paramref name="now"/>, or the last but one that there is.</summary>
    public static long After(this TimeProvider clock, long now, TimeSpan time)
    {
        if (s_stepsOfTick > 0 && ReferenceEquals(clock, TimeProvider.System) && time.Ticks < (long.MaxValue - 1 - now) / s_stepsOfTick)
        {
            return now + (Math.Max(time.Ticks, 0) * s_stepsOfTick);
        }

        Int128 steps = (Int128)time.Ticks * clock.TimestampFrequency / TimeSpan.TicksPerSecond;
        return (long)Int128.Min(now + Int128.Max(steps, 0), long.MaxValue - 1);
    }

    /// <summary>How long it is from <paramref name="now"/> to a timestamp, rounded up; not more than zero if that is past.</summary>
    public static TimeSpan Until(this TimeProvider clock, long now, long timestamp)
    {
        TimeSpan left = clock.GetElapsedTime(now, timestamp);
        return left < TimeSpan.MaxValue && clock.After(now, left) < timestamp ? left + TimeSpan.FromTicks(1) : left;
    }

    /// <summary>A timer that is not set, and does not hold on to the context of the code that makes it: it may outlive that.</summary>
    public static ITimer CreateUnflowedTimer(this TimeProvider clock, TimerCallback callback, object state)
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            return clock.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        using (ExecutionContext.SuppressFlow())
        {
            return clock.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}
