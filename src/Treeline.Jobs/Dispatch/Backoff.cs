namespace Treeline.Jobs;

/// <summary>
/// How long to wait after a failed attempt: exponential backoff with full jitter, evenly between zero and
/// min(cap, base · 2^(attempt − 1)). Full jitter spreads jobs that failed together the most; see Marc Brooker,
/// "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
/// </summary>
internal sealed class Backoff(TimeSpan first, TimeSpan cap, Random random)
{
    /// <param name="attempt">The attempt that failed, from 1.</param>
    public TimeSpan After(int attempt) => Longest(attempt) * random.NextDouble();

    public TimeSpan Longest(int attempt)
    {
        double ticks = first.Ticks * Math.Pow(2, attempt - 1);
        return ticks < cap.Ticks ? TimeSpan.FromTicks((long)ticks) : cap;
    }
}
