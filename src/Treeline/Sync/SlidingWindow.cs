namespace Treeline;

/// <summary>
/// So many in any stretch of time of one length, wherever it begins. Remembers each who went until that is so long ago: exact,
/// and at most so many entries.
/// </summary>
/// <param name="limit">How many.</param>
/// <param name="window">The length, in steps of the clock.</param>
internal sealed class SlidingWindow(int limit, long window) : RateMeter
{
    private readonly Queue<(long At, int Count)> _gone = new();
    private int _inWindow;
    private long _now = long.MinValue;

    public override int Most => limit;

    public override long StepsUntil(long now, int count)
    {
        _now = Math.Max(_now, now);
        while (_gone.TryPeek(out (long At, int Count) oldest) && _now - oldest.At >= window)
        {
            _gone.Dequeue();
            _inWindow -= oldest.Count;
        }

        int surplus = _inWindow + count - limit;
        if (surplus <= 0)
        {
            return 0;
        }

        foreach ((long at, int gone) in _gone)
        {
            surplus -= gone;
            if (surplus <= 0)
            {
                return window - (_now - at);
            }
        }

        return 0; // no request is larger than the limit, so what went makes room for it
    }

    public override void Take(int count)
    {
        _gone.Enqueue((_now, count));
        _inWindow += count;
    }
}
