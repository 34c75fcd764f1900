using System.Diagnostics;
using System.Threading.Channels;

namespace Treeline;

/// <summary>
/// The end of a channel that receives. Usually one task uses it; if several do, each item goes to one of them, to who waits
/// longest.
/// </summary>
/// <remarks>
/// <c>await foreach (var item in receiver)</c> receives until the channel is over: completed, and all received. Who stops
/// early can go on later; nothing is lost.
/// </remarks>
/// <typeparam name="T">The type of the items.</typeparam>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class MpscReceiver<T> : IAsyncEnumerable<T>, ISelectable<T>, IDisposable
{
    private readonly MpscChannel<T> _channel;
    private bool _isDisposed;

    internal MpscReceiver(MpscChannel<T> channel) => _channel = channel;

    /// <summary>How many items are in the channel now.</summary>
    public int Count => _channel.Count;

    /// <summary>
    /// Completes when nothing is left to receive and nothing more will come; with the error, if the channel was completed
    /// with one.
    /// </summary>
    internal Task WhenOver => _channel.WhenOver;

    /// <summary>
    /// Receives an item; waits for one if need be.
    /// Cancellation: a cancelled receive has taken nothing.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait, and nothing else.</param>
    /// <returns>The item. Await it once.</returns>
    /// <exception cref="ChannelClosedException">The channel is over; the inner exception is what it was completed with.</exception>
    /// <exception cref="ObjectDisposedException">The receiver has been disposed.</exception>
    public ValueTask<T> ReceiveAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<T>(cancellationToken);
        }

        return _channel.Receive(this, cancellationToken, out T item, out Waiter<T>? waiter) ? Waiter<T>.Over(item)
            : waiter is not null ? waiter.AsValueTask()
            : ValueTask.FromException<T>(_channel.OverError());
    }

    /// <summary>Receives an item if there is one.</summary>
    /// <param name="item">The item.</param>
    /// <returns>False if there is none now.</returns>
    /// <exception cref="ObjectDisposedException">The receiver has been disposed.</exception>
    public bool TryReceive(out T item)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _channel.TryReceive(out item);
    }

    /// <summary>
    /// Receives what there is, as much as fits; waits for the first item if there is none.
    /// Cancellation: a cancelled receive has taken nothing.
    /// </summary>
    /// <param name="into">Where to put the items.</param>
    /// <param name="cancellationToken">Ends the wait, and nothing else.</param>
    /// <returns>
    /// How many came; 0 when the channel is over. If it was completed with an error, that is thrown instead. Await it once.
    /// </returns>
    /// <exception cref="ArgumentException">There is room for none.</exception>
    /// <exception cref="ObjectDisposedException">The receiver has been disposed.</exception>
    public ValueTask<int> ReceiveBatchAsync(Memory<T> into, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (into.IsEmpty)
        {
            throw new ArgumentException("There is room for no item: 0 would look like the end of the channel.", nameof(into));
        }

        return MpscBatch<T>.ReceiveAsync(_channel, into, cancellationToken);
    }

    /// <summary>
    /// Receives until the channel is over; throws what it was completed with, if that was an error.
    /// Cancellation: a cancelled wait has taken nothing. Who stops early receives the rest later.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait, and nothing else.</param>
    /// <returns>What <c>await foreach</c> uses.</returns>
    /// <exception cref="ObjectDisposedException">The receiver has been disposed.</exception>
    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return new MpscEnumerator<T>(_channel, cancellationToken);
    }

    /// <summary>Receiving an item, as one of several things to wait for. One that loses has taken nothing.</summary>
    /// <returns>The case. When the channel is over it wins, and fails with a <see cref="ChannelClosedException"/>.</returns>
    /// <exception cref="ObjectDisposedException">The receiver has been disposed.</exception>
    public SelectCase<T> ReceiveCase()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return new SelectCase<T>(this);
    }

    /// <summary>
    /// Takes nothing new: sending fails from here on, also for those who wait for a place. What is in the channel can still be
    /// received, and what comes by permits that are out.
    /// </summary>
    public void Close() => _channel.Close();

    /// <summary>
    /// Closes the channel and leaves it. What is in it goes to <c>onUndelivered</c>; who waits to receive gets a
    /// <see cref="ChannelClosedException"/>.
    /// </summary>
    /// <exception cref="AggregateException"><c>onUndelivered</c> threw; it has been given all items.</exception>
    public void Dispose()
    {
        if (!Interlocked.Exchange(ref _isDisposed, true))
        {
            _channel.Dispose();
        }
    }

    /// <summary>What it is, as shown for one who waits for it.</summary>
    public override string ToString() => $"receive from {_channel.Name}";

    void ISelectable<T>.Enter(Waiter<T> branch) => _channel.EnterReceive(branch);

    void IWaitQueue.Remove(WaiterBase waiter) => _channel.RemoveReceiver(waiter);
}
