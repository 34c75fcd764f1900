namespace Treeline;

/// <summary>The waits between attempts, one after the other; see <see cref="BackoffJitter"/> for the source.</summary>
/// <param name="first">What the first wait is reckoned from.</param>
/// <param name="max">No wait is longer.</param>
/// <param name="jitter">How they are spread.</param>
/// <param name="random">Where chance comes from.</param>
internal struct Backoff(TimeSpan first, TimeSpan max, BackoffJitter jitter, Random random)
{
    private double _before = first.Ticks;
    private double _whole = first.Ticks;

    /// <summary>The next wait.</summary>
    public TimeSpan Next()
    {
        double most = Math.Min(_whole, max.Ticks);
        _whole = Math.Min(_whole * 2, long.MaxValue / 4);
        double next = jitter switch
        {
            BackoffJitter.Full => random.NextDouble() * most,
            BackoffJitter.Decorrelated => Math.Min(max.Ticks, first.Ticks + (random.NextDouble() * ((_before * 3) - first.Ticks))),
            _ => most,
        };
        _before = next;
        return TimeSpan.FromTicks((long)next);
    }
}
