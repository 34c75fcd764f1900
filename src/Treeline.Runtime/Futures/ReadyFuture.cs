namespace Treeline.Futures;

/// <summary>See <see cref="Future.Ready"/>.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
public struct ReadyFuture<T> : IFuture<T>
{
    private readonly T _value;
    private bool _hasEnded;

    internal ReadyFuture(T value) => _value = value;

    /// <inheritdoc/>
    public Poll<T> Poll(ref Context context)
    {
        if (_hasEnded)
        {
            FutureMisuse.ThrowPolledAgain(this);
        }

        _hasEnded = true;
        return Poll<T>.Ready(_value);
    }

    /// <summary>What it is.</summary>
    /// <returns>For people.</returns>
    public override readonly string ToString() => "Ready";
}
