namespace Treeline.Futures;

/// <summary>See <see cref="Future{TFuture, T}.Then{TResult}"/>.</summary>
/// <typeparam name="TFirst">What is first.</typeparam>
/// <typeparam name="T">What that gives.</typeparam>
/// <typeparam name="TSecond">What comes then.</typeparam>
/// <typeparam name="TResult">What that gives.</typeparam>
public struct ThenFuture<TFirst, T, TSecond, TResult> : IFuture<TResult>, IDisposable, IComposite
    where TFirst : IFuture<T>
    where TSecond : IFuture<TResult>
{
    private readonly Func<T, TSecond> _next;
    private TFirst _first;
    private TSecond _second;

    // What there is to poll and to drop: a poll, when it begins, sets what is true should it throw.
    private Stage _stage;

    internal ThenFuture(TFirst first, Func<T, TSecond> next)
    {
        _first = first;
        _next = next;
        _second = default!;
    }

    private enum Stage : byte
    {
        First,
        FirstEnded,
        Between,
        Second,
        SecondEnded,
    }

    /// <inheritdoc/>
    public Poll<TResult> Poll(ref Context context)
    {
        if (_stage == Stage.First)
        {
            _stage = Stage.FirstEnded;
            if (!_first.Poll(ref context).TryGetValue(out T? value))
            {
                _stage = Stage.First;
                return default;
            }

            _stage = Stage.Between;
            Dropper<TFirst>.Drop(ref _first);
            _second = _next(value) ?? throw new InvalidOperationException("The function given to Then returned null. It makes the future to go on with.");
            _stage = Stage.Second;
        }

        if (_stage != Stage.Second)
        {
            FutureMisuse.ThrowPolledAgain(this);
        }

        _stage = Stage.SecondEnded;
        Poll<TResult> poll = _second.Poll(ref context);
        if (poll.IsPending)
        {
            _stage = Stage.Second;
        }

        return poll;
    }

    /// <inheritdoc cref="Future{TFuture, T}.Dispose"/>
    public void Dispose()
    {
        if (_stage <= Stage.FirstEnded)
        {
            Dropper<TFirst>.Drop(ref _first);
        }
        else if (_stage >= Stage.Second)
        {
            Dropper<TSecond>.Drop(ref _second);
        }
    }

    /// <summary>What it consists of.</summary>
    /// <returns>For people.</returns>
    public override readonly string ToString() => _stage <= Stage.FirstEnded ? $"{_first}.Then" : $"(then) {_second}";

    readonly object IComposite.MakeDropper() => new CompositeDropper<ThenFuture<TFirst, T, TSecond, TResult>>();
}
