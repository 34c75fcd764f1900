namespace Treeline.Futures;

/// <summary>What a poll is given: the waker of whoever polls. Futures that poll others hand it on.</summary>
/// <param name="waker">What a poll that is pending keeps.</param>
public ref struct Context(Waker waker)
{
    private readonly Waker _waker = waker;
    private bool _kept;

    /// <summary>
    /// To be kept by who returns pending, and woken when polling again may help. Asking for it counts as having kept it: who returns
    /// pending and has not asked cannot ever be woken, and whoever drives it says so. Who means to wait for ever asks, and lets it go.
    /// </summary>
    public Waker Waker
    {
        get
        {
            _kept = true;
            return _waker;
        }
    }

    /// <summary>
    /// Polls a future and checks that, if it is pending, it has kept the waker. The check is always on: it costs a byte, and what it
    /// finds would hang without a word.
    /// </summary>
    /// <exception cref="InvalidOperationException">It is pending and has not.</exception>
    internal Poll<T> Poll<TFuture, T>(ref TFuture future)
        where TFuture : IFuture<T>
    {
        bool kept = _kept;
        _kept = false;
        Poll<T> poll = future.Poll(ref this);
        if (!_kept && poll.IsPending)
        {
            FutureMisuse.ThrowWakerNotKept(future);
        }

        _kept |= kept;
        return poll;
    }
}
