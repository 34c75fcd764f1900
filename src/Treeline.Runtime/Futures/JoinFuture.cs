namespace Treeline.Futures;

/// <summary>See <see cref="Future.Join{TFirst, T1, TSecond, T2}"/>.</summary>
/// <typeparam name="TFirst">What the first consists of.</typeparam>
/// <typeparam name="T1">What the first gives.</typeparam>
/// <typeparam name="TSecond">What the second consists of.</typeparam>
/// <typeparam name="T2">What the second gives.</typeparam>
public struct JoinFuture<TFirst, T1, TSecond, T2> : IFuture<(T1 First, T2 Second)>, IDisposable, IComposite
    where TFirst : IFuture<T1>
    where TSecond : IFuture<T2>
{
    private JoinedPart<TFirst, T1> _first;
    private JoinedPart<TSecond, T2> _second;
    private bool _hasEnded;

    internal JoinFuture(TFirst first, TSecond second)
    {
        _first = new JoinedPart<TFirst, T1>(first);
        _second = new JoinedPart<TSecond, T2>(second);
    }

    /// <inheritdoc/>
    public Poll<(T1 First, T2 Second)> Poll(ref Context context)
    {
        if (_hasEnded)
        {
            FutureMisuse.ThrowPolledAgain(this);
        }

        _hasEnded = true; // and if one throws
        _first.Poll(ref context);
        _second.Poll(ref context);
        if (_first.IsReady && _second.IsReady)
        {
            return (_first.Value, _second.Value);
        }

        _hasEnded = false;
        return default;
    }

    /// <inheritdoc cref="Future{TFuture, T}.Dispose"/>
    public void Dispose()
    {
        try
        {
            _first.Drop();
        }
        finally
        {
            _second.Drop();
        }
    }

    /// <summary>What it consists of.</summary>
    /// <returns>For people.</returns>
    public override readonly string ToString() => $"Join({_first}, {_second})";

    readonly object IComposite.MakeDropper() => new CompositeDropper<JoinFuture<TFirst, T1, TSecond, T2>>();
}
