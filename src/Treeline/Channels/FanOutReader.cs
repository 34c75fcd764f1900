namespace Treeline;

/// <summary>One who reads what a <see cref="FanOut{T}"/> gives to each: where it is, and who waits for more.</summary>
internal sealed class FanOutReader<T>(FanOut<T> source, long position) : IItemSource<T>, ISelectable<T>
{
    /// <summary>Those who wait for the next item. The gate of the source.</summary>
    public WaiterList<T> Waiters;

    /// <summary>The number of the item wanted next. The gate of the source.</summary>
    public long Position { get; set; } = position;

    /// <summary>It has been disposed. The gate of the source.</summary>
    public bool IsGone { get; set; }

    public bool HasNext => source.HasNext(this);

    /// <summary>Receives, or waits.</summary>
    public ValueTask<T> ReceiveAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<T>(cancellationToken);
        }

        return source.Receive(this, this, cancellationToken, out T item, out Waiter<T>? waiter, out Exception? error)
            ? Waiter<T>.Over(item)
            : waiter is not null ? waiter.AsValueTask()
            : ValueTask.FromException<T>(error is LaggedException ? error : source.OverError());
    }

    /// <summary>Receives without waiting.</summary>
    /// <exception cref="LaggedException">Items were missed.</exception>
    public bool TryReceive(out T item) =>
        source.Receive(this, queue: null, CancellationToken.None, out item, out _, out Exception? error)
        || (error is LaggedException ? throw error : false);

    public void Dispose() => source.Unsubscribe(this);

    public override string ToString() => $"receive from {source.Name}";

    bool IItemSource<T>.Receive(
        IWaitQueue receiver,
        CancellationToken cancellationToken,
        out T item,
        out Waiter<T>? waiter,
        out Exception? error) =>
        source.Receive(this, receiver, cancellationToken, out item, out waiter, out error);

    void IItemSource<T>.Remove(WaiterBase waiter) => source.Remove(this, waiter);

    void ISelectable<T>.Enter(Waiter<T> branch) => source.Enter(this, branch);

    void IWaitQueue.Remove(WaiterBase waiter) => source.Remove(this, waiter);
}
