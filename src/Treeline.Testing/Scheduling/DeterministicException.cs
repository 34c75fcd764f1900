namespace Treeline.Testing;

/// <summary>A body failed under one schedule. The seed brings that schedule back; the inner exception is what it threw.</summary>
public sealed class DeterministicException : Exception
{
    internal DeterministicException(int seed, int schedule, Exception error)
        : base(
            $"Seed {seed} failed{(schedule > 1 ? $", after {schedule - 1} that did not" : string.Empty)}: {error.GetType().Name}: {error.Message}"
            + $"{Environment.NewLine}To run this schedule again: Deterministic.Run({seed}, …), or {Deterministic.SeedVariable}={seed} "
            + "for Deterministic.Explore.",
            error)
    {
        Seed = seed;
    }

    /// <summary>The seed of the schedule.</summary>
    public int Seed { get; }
}
