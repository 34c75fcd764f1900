namespace Treeline.Futures;

/// <summary>See <see cref="Future.Select{TFirst, TSecond, T}"/>.</summary>
/// <typeparam name="TFirst">What the first consists of.</typeparam>
/// <typeparam name="TSecond">What the second consists of.</typeparam>
/// <typeparam name="T">What they give.</typeparam>
public struct SelectFuture<TFirst, TSecond, T> : IFuture<(int Index, T Value)>, IDisposable, IComposite
    where TFirst : IFuture<T>
    where TSecond : IFuture<T>
{
    private TFirst _first;
    private TSecond _second;
    private bool _hasEnded;

    internal SelectFuture(TFirst first, TSecond second)
    {
        _first = first;
        _second = second;
    }

    /// <inheritdoc/>
    public Poll<(int Index, T Value)> Poll(ref Context context)
    {
        if (_hasEnded)
        {
            FutureMisuse.ThrowPolledAgain(this);
        }

        _hasEnded = true; // and if one throws
        int start = WorkerThread.Current.Worker?.NextRandom(2) ?? Random.Shared.Next(2);
        for (int i = 0; i < 2; i++)
        {
            int index = start ^ i;
            Poll<T> poll = index == 0 ? context.Poll<TFirst, T>(ref _first) : context.Poll<TSecond, T>(ref _second);
            if (poll.TryGetValue(out T? value))
            {
                return (index, value);
            }
        }

        _hasEnded = false;
        return default;
    }

    /// <inheritdoc cref="Future{TFuture, T}.Dispose"/>
    public void Dispose()
    {
        try
        {
            Dropper<TFirst>.Drop(ref _first);
        }
        finally
        {
            Dropper<TSecond>.Drop(ref _second);
        }
    }

    /// <summary>What it consists of.</summary>
    /// <returns>For people.</returns>
    public override readonly string ToString() => $"Select({_first}, {_second})";

    readonly object IComposite.MakeDropper() => new CompositeDropper<SelectFuture<TFirst, TSecond, T>>();
}
