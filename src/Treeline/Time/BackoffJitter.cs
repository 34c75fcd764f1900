namespace Treeline;

/// <summary>
/// How chance spreads the waits between attempts, so that many who failed at once do not come back at once. The names and the
/// formulas are those of Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
/// </summary>
public enum BackoffJitter
{
    /// <summary>Anything from nothing to the whole: <c>random(0, min(max, first · 2ⁿ))</c>. The least load for others.</summary>
    Full,

    /// <summary>Grows from the wait before: <c>min(max, random(first, 3 · before))</c>. Never less than the first.</summary>
    Decorrelated,

    /// <summary>No chance at all: <c>min(max, first · 2ⁿ)</c>.</summary>
    None,
}
