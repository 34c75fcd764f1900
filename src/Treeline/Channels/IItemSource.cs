namespace Treeline;

/// <summary>What a <see cref="ReceiveStep{T}"/> receives from.</summary>
internal interface IItemSource<T>
{
    /// <summary>Receives at once, or begins to wait. Whoever waits is to be told of the end by <see cref="ReceiveStep{T}.End"/>.</summary>
    /// <param name="receiver">What the waiter stands for.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="item">What was received.</param>
    /// <param name="waiter">Not null: it has been put in line, and is to be made an awaitable of.</param>
    /// <param name="error">What there is in place of an item; null with no waiter: the source is over, and all was well.</param>
    /// <returns>True if an item was received.</returns>
    internal bool Receive(
        IWaitQueue receiver,
        CancellationToken cancellationToken,
        out T item,
        out Waiter<T>? waiter,
        out Exception? error);

    /// <inheritdoc cref="IWaitQueue.Remove"/>
    internal void Remove(WaiterBase waiter);
}
