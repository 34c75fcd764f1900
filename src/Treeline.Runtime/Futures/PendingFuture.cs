namespace Treeline.Futures;

/// <summary>See <see cref="Future.Pending"/>.</summary>
/// <typeparam name="T">The type of the result there is not.</typeparam>
public readonly struct PendingFuture<T> : IFuture<T>
{
    /// <inheritdoc/>
    public Poll<T> Poll(ref Context context)
    {
        _ = context.Waker; // let go on purpose: nothing is ever going to happen
        return default;
    }

    /// <summary>What it is.</summary>
    /// <returns>For people.</returns>
    public override string ToString() => "Pending";
}
