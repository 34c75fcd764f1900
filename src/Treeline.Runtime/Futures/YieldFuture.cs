namespace Treeline.Futures;

/// <summary>See <see cref="Future.YieldOnce"/>.</summary>
public struct YieldFuture : IFuture<ValueTuple>
{
    private int _polls;

    /// <inheritdoc/>
    public Poll<ValueTuple> Poll(ref Context context)
    {
        switch (_polls++)
        {
            case 0:
                context.Waker.Wake();
                return default;
            case 1:
                return Poll<ValueTuple>.Ready(default);
            default:
                FutureMisuse.ThrowPolledAgain(this);
                return default;
        }
    }

    /// <summary>What it is.</summary>
    /// <returns>For people.</returns>
    public override readonly string ToString() => "YieldOnce";
}
