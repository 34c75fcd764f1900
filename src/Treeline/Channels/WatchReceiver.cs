using System.Diagnostics;
using System.Threading.Channels;

namespace Treeline;

/// <summary>
/// Sees the latest of a value that changes. Usually one task waits with it; if several do, each change goes to one of them:
/// subscribe once for each who is to see all.
/// </summary>
/// <typeparam name="T">The type of the value.</typeparam>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class WatchReceiver<T> : IAsyncEnumerable<T>, IDisposable
{
    private readonly FanOut<T> _source;
    private readonly FanOutReader<T> _reader;
    private bool _isDisposed;

    internal WatchReceiver(FanOut<T> source, FanOutReader<T> reader)
    {
        _source = source;
        _reader = reader;
    }

    /// <summary>The latest value. Looking does not count as having seen it: <see cref="ChangedAsync"/> still tells of it.</summary>
    public T Value => _source.Latest;

    /// <summary>Whether there is a value that <see cref="ChangedAsync"/> would give at once.</summary>
    public bool HasChanged => _reader.HasNext;

    /// <summary>
    /// Waits until there is a value that this receiver has not been given, and gives the latest.
    /// Cancellation: a cancelled wait has taken nothing; the change is still to come.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait, and nothing else.</param>
    /// <returns>The latest value. Await it once.</returns>
    /// <exception cref="ChannelClosedException">It does not change any more, and the last value has been seen.</exception>
    /// <exception cref="ObjectDisposedException">The receiver has been disposed.</exception>
    public ValueTask<T> ChangedAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _reader.ReceiveAsync(cancellationToken);
    }

    /// <summary>A change, as one of several things to wait for. One that loses has taken nothing.</summary>
    /// <returns>The case. It fails as <see cref="ChangedAsync"/> does.</returns>
    /// <exception cref="ObjectDisposedException">The receiver has been disposed.</exception>
    public SelectCase<T> ChangedCase()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return new SelectCase<T>(_reader);
    }

    /// <summary>
    /// Gives the latest value at each change, until there are no more; throws what the watch was completed with, if that was an
    /// error.
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
