namespace Treeline.Futures;

/// <summary>See <see cref="Future{TFuture, T}.Fuse"/>.</summary>
/// <typeparam name="TFuture">What gives the result.</typeparam>
/// <typeparam name="T">The type of the result.</typeparam>
public struct FuseFuture<TFuture, T> : IFuture<T>, IDisposable, IComposite
    where TFuture : IFuture<T>
{
    private TFuture _inner;
    private bool _hasEnded;

    internal FuseFuture(TFuture inner) => _inner = inner;

    /// <summary>Whether it has ended: then a poll gives nothing any more.</summary>
    public readonly bool HasEnded => _hasEnded;

    /// <inheritdoc/>
    public Poll<T> Poll(ref Context context)
    {
        if (_hasEnded)
        {
            _ = context.Waker; // let go on purpose: nothing is going to happen any more
            return default;
        }

        _hasEnded = true; // and if it throws
        Poll<T> poll = _inner.Poll(ref context);
        _hasEnded = poll.IsReady;
        return poll;
    }

    /// <inheritdoc cref="Future{TFuture, T}.Dispose"/>
    public void Dispose() => Dropper<TFuture>.Drop(ref _inner);

    /// <summary>What it consists of.</summary>
    /// <returns>For people.</returns>
    public override readonly string ToString() => $"{_inner}.Fuse";

    readonly object IComposite.MakeDropper() => new CompositeDropper<FuseFuture<TFuture, T>>();
}
