namespace Treeline;

/// <summary>How a <see cref="TaskScope"/> behaves. All of it is optional.</summary>
public sealed class ScopeOptions
{
    // The limit of TimeProvider.CreateTimer: 2^32 - 2 ms.
    private static readonly TimeSpan s_longestTimer = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    /// <summary>How the scope is shown in the tree and in errors; by default the method that opened it.</summary>
    public string? Name { get; init; }

    /// <summary>
    /// How long the scope may take; then it is cancelled and <see cref="TimeoutException"/> surfaces from it. An outer
    /// scope's timeout stays in force, so this can shorten the time, never lengthen it. Null: no limit of its own.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, or longer than a timer can wait (49.7 days).</exception>
    public TimeSpan? Timeout
    {
        get;
        init
        {
            if (value is { } timeout)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
                ArgumentOutOfRangeException.ThrowIfGreaterThan(timeout, s_longestTimer);
            }

            field = value;
        }
    }

    /// <summary>What a child's failure means for its siblings.</summary>
    public FailurePolicy OnFailure { get; init; }

    /// <summary>Where children start running; by default where the enclosing scope's do, at the top the thread pool.</summary>
    public Executor? Executor { get; init; }

    /// <summary>The clock of <see cref="Timeout"/>; the system's by default.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
