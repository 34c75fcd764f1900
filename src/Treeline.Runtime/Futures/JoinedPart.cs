namespace Treeline.Futures;

/// <summary>One of several futures of which all are waited for: it is dropped as soon as it has ended, and its result kept.</summary>
internal struct JoinedPart<TFuture, T>(TFuture future)
    where TFuture : IFuture<T>
{
    private TFuture _future = future;
    private Poll<T> _result;

    public readonly bool IsReady => _result.IsReady;

    public readonly T Value => _result.Value;

    /// <summary>Polls it, unless it has ended.</summary>
    public void Poll(ref Context context)
    {
        if (_result.IsPending)
        {
            Poll<T> poll = context.Poll<TFuture, T>(ref _future);
            if (poll.IsReady)
            {
                _result = poll;
                Dropper<TFuture>.Drop(ref _future);
            }
        }
    }

    public void Drop()
    {
        if (_result.IsPending)
        {
            Dropper<TFuture>.Drop(ref _future);
        }
    }

    public override readonly string ToString() => IsReady ? "ready" : $"{_future}";
}
