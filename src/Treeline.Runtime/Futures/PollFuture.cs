namespace Treeline.Futures;

/// <summary>See <see cref="Future.FromPoll"/>.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
public struct PollFuture<T> : IFuture<T>
{
    private readonly PollFunction<T> _poll;
    private bool _hasEnded;

    internal PollFuture(PollFunction<T> poll) => _poll = poll;

    /// <inheritdoc/>
    public Poll<T> Poll(ref Context context)
    {
        if (_hasEnded)
        {
            FutureMisuse.ThrowPolledAgain(this);
        }

        _hasEnded = true; // and if it throws
        Poll<T> poll = _poll(ref context);
        _hasEnded = poll.IsReady;
        return poll;
    }

    /// <summary>The function's name.</summary>
    /// <returns>For people.</returns>
    public override readonly string ToString() => _poll is null ? "a future that was dropped" : $"FromPoll({_poll.Method.Name})";
}
