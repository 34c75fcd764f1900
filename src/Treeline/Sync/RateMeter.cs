namespace Treeline;

/// <summary>
/// The rule of a <see cref="RateLimiter"/>: how long until so many may go. Times are timestamps of its clock. Touched under the
/// gate of the limiter only; a time before one that was seen counts as that one.
/// </summary>
internal abstract class RateMeter
{
    /// <summary>The most that may ever go at once.</summary>
    public abstract int Most { get; }

    /// <summary>How many steps from <paramref name="now"/> until <paramref name="count"/> may go; 0: now.</summary>
    public abstract long StepsUntil(long now, int count);

    /// <summary>They go. Only right after <see cref="StepsUntil"/> said 0 of the same.</summary>
    public abstract void Take(int count);
}
