namespace Treeline.Futures;

/// <summary>See <see cref="Future.JoinAll"/>.</summary>
internal sealed class JoinAllFuture<T> : IFuture<T[]>, IDisposable
{
    private readonly FuturesUnordered<T> _futures = new();
    private readonly T[] _results;
    private bool _hasEnded;

    public JoinAllFuture(IEnumerable<IFuture<T>> futures)
    {
        int count = 0;
        foreach (IFuture<T> future in futures)
        {
            _futures.Add(future, count++);
        }

        _results = new T[count];
    }

    public Poll<T[]> Poll(ref Context context)
    {
        if (_hasEnded)
        {
            FutureMisuse.ThrowPolledAgain(this);
        }

        _hasEnded = true; // and if one throws
        while (_futures.PollNext(ref context, out T? result, out int index).TryGetValue(out bool any))
        {
            if (!any)
            {
                return _results;
            }

            _results[index] = result!;
        }

        _hasEnded = false;
        return default;
    }

    public void Dispose() => _futures.Dispose();

    public override string ToString() => $"JoinAll({_futures} of {_results.Length})";
}
