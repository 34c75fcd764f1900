namespace Treeline.Futures;

/// <summary>See <see cref="Future{TFuture, T}.Map"/>.</summary>
/// <typeparam name="TFuture">What gives the result.</typeparam>
/// <typeparam name="T">The type of the result.</typeparam>
/// <typeparam name="TResult">What is made of it.</typeparam>
public struct MapFuture<TFuture, T, TResult> : IFuture<TResult>, IDisposable, IComposite
    where TFuture : IFuture<T>
{
    private readonly Func<T, TResult> _selector;
    private TFuture _inner;
    private bool _hasEnded;

    internal MapFuture(TFuture inner, Func<T, TResult> selector)
    {
        _inner = inner;
        _selector = selector;
    }

    /// <inheritdoc/>
    public Poll<TResult> Poll(ref Context context)
    {
        if (_hasEnded)
        {
            FutureMisuse.ThrowPolledAgain(this);
        }

        _hasEnded = true; // and if it throws
        if (_inner.Poll(ref context).TryGetValue(out T? value))
        {
            return Poll<TResult>.Ready(_selector(value));
        }

        _hasEnded = false;
        return default;
    }

    /// <inheritdoc cref="Future{TFuture, T}.Dispose"/>
    public void Dispose() => Dropper<TFuture>.Drop(ref _inner);

    /// <summary>What it consists of.</summary>
    /// <returns>For people.</returns>
    public override readonly string ToString() => $"{_inner}.Map";

    readonly object IComposite.MakeDropper() => new CompositeDropper<MapFuture<TFuture, T, TResult>>();
}
