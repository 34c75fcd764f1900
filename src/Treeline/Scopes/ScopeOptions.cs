namespace Treeline;

/// <summary>How a <see cref="TaskScope"/> behaves. All of it is optional.</summary>
public sealed class ScopeOptions
{
    /// <summary>How the scope is shown in the tree and in errors; by default the method that opened it.</summary>
    public string? Name { get; init; }

    /// <summary>
    /// How long the scope may take; then it is cancelled and <see cref="TimeoutException"/> surfaces from it. An outer
    /// scope's timeout stays in force, so this can shorten the time, never lengthen it. Null: no limit of its own.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public TimeSpan? Timeout
    {
        get;
        init
        {
            ThrowIfNegative(value, nameof(Timeout));
            field = value;
        }
    }

    /// <summary>As <see cref="Timeout"/>, as a point in time. Where both are given, the earlier counts.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>
    /// How long <see cref="CancelScope.Stop"/> lets the scope finish what it holds before it is cancelled. Null: until it
    /// has.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public TimeSpan? Grace
    {
        get;
        init
        {
            ThrowIfNegative(value, nameof(Grace));
            field = value;
        }
    }

    /// <summary>
    /// How long the scope waits for its tasks after it has been cancelled, for whatever reason. .NET cannot end a task that
    /// does not listen: when the time is over, the scope gives up and fails with <see cref="AbandonedException"/>, which
    /// names each of them. They stay visible at the top of the tree for as long as they run. Null: it waits until they end.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public TimeSpan? Patience
    {
        get;
        init
        {
            ThrowIfNegative(value, nameof(Patience));
            field = value;
        }
    }

    /// <summary>
    /// True: nothing from above reaches the scope, neither a cancellation, nor a stop, nor a deadline, so cleanup can run
    /// to its end. It needs a <see cref="Timeout"/> or a <see cref="Deadline"/>, and its own token given at the start still counts, unless
    /// it is that of a scope above.
    /// </summary>
    public bool Shield { get; init; }

    /// <summary>What a child's failure means for its siblings and for the scope; fail-fast by default.</summary>
    public FailurePolicy OnFailure { get; init; } = FailurePolicy.FailFast;

    /// <summary>
    /// How many children run at a time; the others wait for their turn in the order in which they were spawned. A child
    /// that waits for one behind it waits for ever: spawn such in a scope of their own. Null: no limit.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 1.</exception>
    public int? MaxConcurrency
    {
        get;
        init
        {
            if (value is { } limit)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1, nameof(MaxConcurrency));
            }

            field = value;
        }
    }

    /// <summary>Where children start running; by default where the enclosing scope's do, at the top the thread pool.</summary>
    public Executor? Executor { get; init; }

    /// <summary>The clock of all times in this scope and those below; by default the enclosing scope's, at the top the system's.</summary>
    public TimeProvider? TimeProvider { get; init; }

    /// <summary>Throws if the options contradict each other.</summary>
    internal void Check()
    {
        if (Shield && Timeout is null && Deadline is null)
        {
            throw new ArgumentException(
                $"The scope '{Name}' is to be shielded and has no Timeout or Deadline: nothing from above could ever end it. Give it one.");
        }
    }

    private static void ThrowIfNegative(TimeSpan? value, string name)
    {
        if (value is { } time)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero, name);
        }
    }
}
