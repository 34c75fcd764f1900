namespace Treeline;

/// <summary>
/// A bucket that fills evenly and holds so much at most; each who goes takes out of it (Turner, "New directions in
/// communications", IEEE Communications Magazine 24, 1986).
/// </summary>
/// <remarks>
/// Exact: the level is counted in tokens times <c>_period</c>, so each step of the clock adds <c>_tokens</c>, and nothing is
/// rounded but the time to wait, upwards. 128 bits hold the product of any capacity and period.
/// </remarks>
internal sealed class TokenBucket : RateMeter
{
    private readonly int _capacity;
    private readonly int _tokens;
    private readonly long _period;
    private Int128 _level;
    private long _now;

    /// <param name="capacity">How much it holds. It is full to begin with.</param>
    /// <param name="tokens">What comes in each period.</param>
    /// <param name="period">In steps of the clock.</param>
    /// <param name="now">When it begins.</param>
    public TokenBucket(int capacity, int tokens, long period, long now)
    {
        _capacity = capacity;
        _tokens = tokens;
        _period = period;
        _level = (Int128)capacity * period;
        _now = now;
    }

    public override int Most => _capacity;

    public override long StepsUntil(long now, int count)
    {
        if (now > _now)
        {
            _level = Int128.Min(_level + ((Int128)(now - _now) * _tokens), (Int128)_capacity * _period);
            _now = now;
        }

        Int128 missing = ((Int128)count * _period) - _level;
        return missing <= 0 ? 0 : (long)Int128.Min((missing + _tokens - 1) / _tokens, long.MaxValue);
    }

    public override void Take(int count) => _level -= (Int128)count * _period;
}
