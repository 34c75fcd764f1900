using Treeline.Net;

namespace Treeline.IO;

/// <summary>
/// Bytes that go both ways in order: a <c>TcpStream</c>, a <c>UnixStream</c>, one end of an in-memory pair. What reads and writes
/// bytes takes one of these and works over all of them.
/// </summary>
/// <remarks>One read and one write may be in flight at a time; see <see cref="StreamSocket"/>.</remarks>
public abstract class ByteStream : IDisposable
{
    private protected ByteStream(StreamSocket socket) => Socket = socket;

    internal StreamSocket Socket { get; }

    /// <summary>
    /// Reads what is there, at least one byte; waits until there is something. Cancellation: a cancelled read took nothing.
    /// </summary>
    /// <param name="buffer">Where to. Its memory is read and written until the returned task has completed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many bytes. 0: the other end will send no more, or the buffer is empty.</returns>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Socket.ReadAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        Socket.Dispose();
        GC.SuppressFinalize(this);
    }
}
