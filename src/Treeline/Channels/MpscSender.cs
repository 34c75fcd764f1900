using System.Diagnostics;
using System.Threading.Channels;

namespace Treeline;

/// <summary>
/// An end of a channel that sends. Any number of threads may use it. Who hands the sending to several owners gives each a
/// <see cref="Clone"/>: when the last sender is disposed, the channel is completed.
/// </summary>
/// <typeparam name="T">The type of the items.</typeparam>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class MpscSender<T> : ISelectable<Permit<T>>, IDisposable
{
    private readonly MpscChannel<T> _channel;
    private bool _isDisposed;

    internal MpscSender(MpscChannel<T> channel) => _channel = channel;

    /// <summary>How many items are in the channel now.</summary>
    public int Count => _channel.Count;

    /// <summary>
    /// Sends an item. In a full channel that waits (<see cref="FullMode.Wait"/>) it waits for a place; who came first gets the
    /// first place. Calling it is sending: awaiting only waits.
    /// Cancellation: a cancelled send has sent nothing.
    /// </summary>
    /// <param name="item">What to send.</param>
    /// <param name="cancellationToken">Ends the wait, and nothing else. Cancelled already, it sends nothing.</param>
    /// <returns>Completes when the channel has the item. Await it once.</returns>
    /// <exception cref="ChannelClosedException">The channel has been completed, or its receiver takes nothing any more.</exception>
    /// <exception cref="ChannelFullException">The channel is full, and its mode is <see cref="FullMode.Fail"/>.</exception>
    /// <exception cref="ObjectDisposedException">This sender has been disposed.</exception>
    public ValueTask SendAsync(T item, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _channel.SendAsync(this, item, cancellationToken);
    }

    /// <summary>Sends an item if that needs no waiting.</summary>
    /// <param name="item">What to send.</param>
    /// <returns>What has become of it.</returns>
    /// <exception cref="ObjectDisposedException">This sender has been disposed.</exception>
    public SendResult TrySend(T item)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _channel.TrySend(item);
    }

    /// <summary>
    /// Sends several items as one: they come one after the other, with none of others between them. In a channel that waits it
    /// waits until there is a place for each; nobody overtakes a batch that waits.
    /// Cancellation: a cancelled send has sent none of them.
    /// </summary>
    /// <param name="items">
    /// What to send; it may be used again when the call has returned. At most as many as the channel's capacity, unless it is one
    /// that drops: that drops of the batch what it would drop of the items one by one.
    /// </param>
    /// <param name="cancellationToken">Ends the wait, and nothing else. Cancelled already, it sends nothing.</param>
    /// <returns>Completes when the channel has the items. Await it once.</returns>
    /// <exception cref="ArgumentException">There are more items than the channel's capacity.</exception>
    /// <exception cref="ChannelClosedException">The channel has been completed, or its receiver takes nothing any more.</exception>
    /// <exception cref="ChannelFullException">They do not all fit, and the mode is <see cref="FullMode.Fail"/>: none was sent.</exception>
    /// <exception cref="ObjectDisposedException">This sender has been disposed.</exception>
    public ValueTask SendBatchAsync(ReadOnlyMemory<T> items, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _channel.SendBatchAsync(this, items, cancellationToken);
    }

    /// <summary>
    /// Waits for a place and keeps it, for an item that is made only then. It waits in every mode: nothing is dropped for it.
    /// Cancellation: a cancelled wait keeps no place.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait, and nothing else.</param>
    /// <returns>The place. Dispose it, used or not. Await this once.</returns>
    /// <exception cref="ChannelClosedException">The channel has been completed, or its receiver takes nothing any more.</exception>
    /// <exception cref="ObjectDisposedException">This sender has been disposed.</exception>
    public ValueTask<Permit<T>> ReserveAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _channel.ReserveAsync(this, cancellationToken);
    }

    /// <summary>Sending <paramref name="item"/>, as one of several things to wait for. One that loses has sent nothing.</summary>
    /// <param name="item">What to send.</param>
    /// <returns>The case. It fails as <see cref="SendAsync"/> does.</returns>
    /// <exception cref="ObjectDisposedException">This sender has been disposed.</exception>
    public SelectCase SendCase(T item)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return new SelectCase(new MpscSendCase<T>(this, _channel, item));
    }

    /// <summary>
    /// Reserving a place, as one of several things to wait for: for an item that is made only when it is certain to be sent.
    /// </summary>
    /// <returns>The case. It fails as <see cref="ReserveAsync"/> does.</returns>
    /// <exception cref="ObjectDisposedException">This sender has been disposed.</exception>
    public SelectCase<Permit<T>> ReserveCase()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return new SelectCase<Permit<T>>(this);
    }

    /// <summary>One more sender for the same channel, for another owner to dispose.</summary>
    /// <returns>The sender.</returns>
    /// <exception cref="ObjectDisposedException">This sender has been disposed.</exception>
    public MpscSender<T> Clone()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _channel.AddSender();
        return new MpscSender<T>(_channel);
    }

    /// <summary>
    /// Completes the channel for all senders: no more is sent. What has been sent, or waits for its place, is received yet; then
    /// receiving ends.
    /// </summary>
    /// <param name="error">Why; null if all is well. The receiver gets it when all else has been received.</param>
    /// <returns>False if the channel had been completed or closed before. The error, if any, is then not the receiver's.</returns>
    public bool Complete(Exception? error = null) => _channel.Complete(error);

    /// <summary>
    /// Gives this sender up. The last one completes the channel, as <see cref="Complete"/> does without an error. What it
    /// waits to send is sent yet.
    /// </summary>
    public void Dispose()
    {
        if (!Interlocked.Exchange(ref _isDisposed, true))
        {
            _channel.RemoveSender();
        }
    }

    /// <summary>What it is, as shown for one who waits for it.</summary>
    public override string ToString() => $"send to {_channel.Name}";

    void ISelectable<Permit<T>>.Enter(Waiter<Permit<T>> branch) => _channel.EnterReserve(branch);

    void IWaitQueue.Remove(WaiterBase waiter) => _channel.RemoveFromLine(waiter);
}
