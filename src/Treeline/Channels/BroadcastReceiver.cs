using System.Diagnostics;
using System.Threading.Channels;

namespace Treeline;

/// <summary>
/// Sees every item that was sent after it was subscribed. Usually one task uses it; if several do, each item goes to one of
/// them: subscribe once for each who is to see all.
/// </summary>
/// <typeparam name="T">The type of the items.</typeparam>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class BroadcastReceiver<T> : IAsyncEnumerable<T>, IDisposable
{
    private readonly FanOutReader<T> _reader;
    private bool _isDisposed;

    internal BroadcastReceiver(FanOutReader<T> reader) => _reader = reader;

    /// <summary>
    /// Receives the next item; waits for it if need be.
    /// Cancellation: a cancelled receive has taken nothing.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait, and nothing else.</param>
    /// <returns>The item. Await it once.</returns>
    /// <exception cref="LaggedException">Items were missed. The next call goes on with the oldest that is left.</exception>
    /// <exception cref="ChannelClosedException">Nothing more comes; the inner exception is what it was completed with.</exception>
    /// <exception cref="ObjectDisposedException">The receiver has been disposed.</exception>
    public ValueTask<T> ReceiveAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _reader.ReceiveAsync(cancellationToken);
    }

    /// <summary>Receives the next item if there is one.</summary>
    /// <param name="item">The item.</param>
    /// <returns>False if there is none now.</returns>
    /// <exception cref="LaggedException">Items were missed. The next call goes on with the oldest that is left.</exception>
    /// <exception cref="ObjectDisposedException">The receiver has been disposed.</exception>
    public bool TryReceive(out T item)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _reader.TryReceive(out item);
    }

    /// <summary>Receiving the next item, as one of several things to wait for. One that loses has taken nothing.</summary>
    /// <returns>The case. It fails as <see cref="ReceiveAsync"/> does.</returns>
    /// <exception cref="ObjectDisposedException">The receiver has been disposed.</exception>
    public SelectCase<T> ReceiveCase()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return new SelectCase<T>(_reader);
    }

    /// <summary>
    /// Receives until nothing more comes; throws what the broadcast was completed with, if that was an error, and
    /// <see cref="LaggedException"/> if items were missed: enumerate again to go on.
    /// Cancellation: a cancelled wait has taken nothing.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait, and nothing else.</param>
    /// <returns>What <c>await foreach</c> uses.</returns>
    /// <exception cref="ObjectDisposedException">The receiver has been disposed.</exception>
    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return new ReceiveEnumerator<T>(_reader, cancellationToken);
    }

    /// <summary>Leaves. Who waits with it gets a <see cref="ChannelClosedException"/>.</summary>
    public void Dispose()
    {
        if (!Interlocked.Exchange(ref _isDisposed, true))
        {
            _reader.Dispose();
        }
    }

    /// <summary>What it is, as shown for one who waits for it.</summary>
    public override string ToString() => _reader.ToString();
}
