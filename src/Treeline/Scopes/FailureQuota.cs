namespace Treeline;

/// <summary>Counts failures within a sliding time. Owner: a gate of who uses it.</summary>
/// <param name="most">How many are all right.</param>
/// <param name="window">In what time.</param>
/// <param name="clock">Measures it.</param>
internal sealed class FailureQuota(int most, TimeSpan window, TimeProvider clock)
{
    // In the clock's own units, worked out once: under a gate no code of the user's runs, and a clock may be.
    private readonly Int128 _span = (Int128)window.Ticks * clock.TimestampFrequency / TimeSpan.TicksPerSecond;

    // Those that still count, oldest first: at most one more than the quota.
    private readonly Queue<(long At, ScopeFailure Failure)> _recent = new();

    /// <summary>Counts one more.</summary>
    /// <param name="failure">What failed.</param>
    /// <param name="now">The clock's time stamp.</param>
    /// <returns>All that count, oldest first, if that was one too many; else null.</returns>
    public IReadOnlyList<ScopeFailure>? Add(ScopeFailure failure, long now)
    {
        while (_recent.TryPeek(out (long At, ScopeFailure Failure) oldest) && now - oldest.At >= _span)
        {
            _recent.Dequeue();
        }

        _recent.Enqueue((now, failure));
        return _recent.Count > most ? [.. _recent.Select(static each => each.Failure)] : null;
    }

    public override string ToString() => $"more than {most} failures within {window}";
}
