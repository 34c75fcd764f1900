namespace Treeline.Testing;

/// <summary>A timer of a <see cref="VirtualTime"/>. What changes in it is owned by the gate of that.</summary>
internal sealed class VirtualTimer(VirtualTime clock, TimerCallback callback, object? state) : ITimer
{
    // The limit of TimeProvider.CreateTimer: 2^32 - 2 ms.
    private const long LongestMilliseconds = uint.MaxValue - 1;

    private readonly ExecutionContext? _context = ExecutionContext.Capture();

    /// <summary>By when they are due, and those that are due at once by when they were set.</summary>
    public static IComparer<VirtualTimer> ByDueTime { get; } = Comparer<VirtualTimer>.Create(static (one, other) =>
    {
        int byTime = one.Due.CompareTo(other.Due);
        return byTime != 0 ? byTime : one.Setting.CompareTo(other.Setting);
    });

    /// <summary>When it fires, in ticks (UTC). Does not change while it is in the set of armed timers.</summary>
    public long Due { get; set; }

    /// <summary>Changes whenever it is set, stopped or fired. Does not change while it is in the set of armed timers.</summary>
    public long Setting { get; set; }

    /// <summary>In ticks; zero: it fires once.</summary>
    public long Period { get; set; }

    /// <summary>How many of its callbacks run.</summary>
    public int Running { get; set; }

    /// <summary>Completed when none runs any more; made when somebody waits for that.</summary>
    public TaskCompletionSource? Idle { get; set; }

    public bool IsDisposed { get; set; }

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        long dueMilliseconds = Milliseconds(dueTime, nameof(dueTime));
        long periodMilliseconds = Milliseconds(period, nameof(period));
        TimeSpan? due = dueMilliseconds < 0 ? null : dueTime > TimeSpan.Zero ? dueTime : TimeSpan.Zero;

        // As the system's timers: a period below one millisecond is none.
        return clock.Set(this, due, periodMilliseconds > 0 ? period : TimeSpan.Zero);
    }

    public void Dispose() => clock.Set(this, null, TimeSpan.Zero, dispose: true);

    /// <summary>Completes when no callback runs any more. One that awaits it itself waits for ever, as with the system's.</summary>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return new ValueTask(clock.WhenIdle(this));
    }

    public void Fire(DueTimer due)
    {
        if (!clock.TryBeginCallback(due))
        {
            return;
        }

        try
        {
            // Made under suppressed flow, it must not find the context of whoever moves the clock either.
            ExecutionContext.Run(
                _context ?? DefaultContext.Value, static timer => ((VirtualTimer)timer!).Call(), this);
        }
        finally
        {
            clock.EndCallback(this);
        }
    }

    private static long Milliseconds(TimeSpan time, string name)
    {
        long milliseconds = (long)time.TotalMilliseconds;
        ArgumentOutOfRangeException.ThrowIfLessThan(milliseconds, Timeout.Infinite, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(milliseconds, LongestMilliseconds, name);
        return milliseconds;
    }

    private void Call() => callback(state);
}
