namespace Treeline;

/// <summary>How a <see cref="BackgroundTasks"/> behaves. All of it is optional.</summary>
public sealed class BackgroundTasksOptions
{
    /// <summary>How it is shown in the tree and in errors; by default the method that started it.</summary>
    public string? Name { get; init; }

    /// <summary>How many tasks may be there at a time; 1,000 by default.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 1.</exception>
    public int Capacity
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    }

    = 1000;

    /// <summary>
    /// How many failures within <see cref="FailureWindow"/> are still all right. One more, and something is broken for good:
    /// no more work is taken, and <see cref="BackgroundTasks.DrainAsync"/> throws. Null, the default: any number.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public int? FailureQuota
    {
        get;
        init
        {
            if (value is { } quota)
            {
                ArgumentOutOfRangeException.ThrowIfNegative(quota);
            }

            field = value;
        }
    }

    /// <summary>The time in which failures are counted; a minute by default.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not longer than nothing.</exception>
    public TimeSpan FailureWindow
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            field = value;
        }
    }

    = TimeSpan.FromMinutes(1);

    /// <summary>
    /// The clock of <see cref="FailureWindow"/> and of the grace period; by default that of the enclosing scope, at the top the
    /// system's.
    /// </summary>
    public TimeProvider? TimeProvider { get; init; }
}
