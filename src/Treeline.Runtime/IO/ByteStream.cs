using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Treeline.Net;

namespace Treeline.IO;

/// <summary>
/// Bytes that go both ways in order: a <c>TcpStream</c>, a <c>UnixStream</c>, one end of an in-memory pair. What reads and writes
/// bytes takes one of these and works over all of them.
/// </summary>
/// <remarks>
/// One operation that reads and one that writes may be in flight at a time; another throws
/// <see cref="InvalidOperationException"/>. What fails in the system throws a <see cref="SocketException"/>.
/// </remarks>
public abstract class ByteStream : IByteReader, IByteWriter, IDisposable
{
    private SplitStream? _split;

    private protected ByteStream(StreamSocket socket) => Socket = socket;

    internal StreamSocket Socket { get; }

    /// <summary>Who is at the other end, for messages.</summary>
    private string Peer => Socket.RemoteEndPoint?.ToString() is { Length: > 0 } name ? name : "The other end";

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Socket.ReadAsync(buffer, cancellationToken);

    /// <summary>
    /// Reads until the buffer is full. Cancellation: not cancel-safe. A cancelled read has lost the bytes it had read already; to
    /// go on after a cancelled wait, read frames by a <see cref="FrameReader"/>, which keeps them.
    /// </summary>
    /// <param name="buffer">Where to. Its memory is written until the returned task has completed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What to await.</returns>
    /// <exception cref="EndOfStreamException">The other end closed before it had sent that many.</exception>
    public ValueTask ReadExactlyAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ValueTask<int> first = Socket.ReadAsync(buffer, cancellationToken);
        if (!first.IsCompletedSuccessfully)
        {
            return ReadRestAsync(first, read: 0, buffer, cancellationToken);
        }

        int read = first.Result;
        return read == buffer.Length ? default
            : read == 0 ? ValueTask.FromException(EndedAfter(0, buffer.Length))
            : ReadRestAsync(Socket.ReadAsync(buffer[read..], cancellationToken), read, buffer, cancellationToken);
    }

    /// <summary>
    /// Reads until the other end sends no more. Cancellation: not cancel-safe. A cancelled read has lost the bytes it had read.
    /// </summary>
    /// <param name="limit">How many bytes are taken at most: what comes from outside needs a bound.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>All that came.</returns>
    /// <exception cref="InvalidDataException">More than <paramref name="limit"/> bytes came.</exception>
    public ValueTask<byte[]> ReadToEndAsync(int limit, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<byte[]>(cancellationToken)
            : ReadAllAsync(limit, cancellationToken);
    }

    /// <summary>
    /// Reads what is there, at least one byte, and leaves it to be read again. Cancellation: it takes nothing, so nothing is lost.
    /// </summary>
    /// <param name="buffer">Where to. Its memory is written until the returned task has completed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many bytes. 0: the other end will send no more, or the buffer is empty.</returns>
    public ValueTask<int> PeekAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Socket.PeekAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public ValueTask ReadableAsync(CancellationToken cancellationToken = default) => Socket.ReadableAsync(cancellationToken);

    /// <summary>As <see cref="ReadableAsync"/>, as a case of a select; then <see cref="TryRead"/>.</summary>
    /// <returns>The case.</returns>
    public SelectCase ReadableCase() => Socket.ReadableCase();

    /// <summary>Reads what is there, without waiting.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="read">How many bytes. 0: the other end will send no more, or the buffer is empty.</param>
    /// <returns>False if nothing is there yet.</returns>
    public bool TryRead(Span<byte> buffer, out int read) => Socket.TryRead(buffer, out read);

    /// <inheritdoc/>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ValueTask<int> first = Socket.WriteAsync(buffer, cancellationToken);
        if (!first.IsCompletedSuccessfully)
        {
            return WriteRestAsync(first, buffer, cancellationToken);
        }

        int written = first.Result;
        return written == buffer.Length ? default
            : WriteRestAsync(Socket.WriteAsync(buffer[written..], cancellationToken), buffer[written..], cancellationToken);
    }

    /// <summary>
    /// Writes all the bytes of several buffers, one after another, in as few calls of the system as it takes. Cancellation: as
    /// <see cref="WriteAsync(ReadOnlyMemory{byte}, CancellationToken)"/>.
    /// </summary>
    /// <param name="buffers">The bytes. They and the list are read until the returned task has completed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What to await.</returns>
    public ValueTask WriteAsync(IReadOnlyList<ReadOnlyMemory<byte>> buffers, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(buffers);
        ValueTask<int> first = Socket.WriteVectoredAsync(buffers, cancellationToken);
        if (!first.IsCompletedSuccessfully)
        {
            return WriteTailAsync(first, buffers, cancellationToken);
        }

        int written = first.Result;
        return written == LengthOf(buffers) ? default : WriteTailAsync(new(written), buffers, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<int> WriteSomeAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        Socket.WriteAsync(buffer, cancellationToken);

    /// <summary>
    /// Waits until a write would not have to wait. May be wrong now and then. Cancellation: it writes nothing.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What to await.</returns>
    public ValueTask WritableAsync(CancellationToken cancellationToken = default) => Socket.WritableAsync(cancellationToken);

    /// <summary>Writes as many of the bytes as fit, without waiting.</summary>
    /// <param name="buffer">The bytes.</param>
    /// <param name="written">How many were written.</param>
    /// <returns>False if nothing fits yet.</returns>
    public bool TryWrite(ReadOnlySpan<byte> buffer, out int written) => Socket.TryWrite(buffer, out written);

    /// <summary>Says that no more will be sent: the other end reads the end of the stream. Reading goes on.</summary>
    public void Shutdown() => Socket.ShutdownSend();

    /// <summary>
    /// Closes it so that the other end sees a reset, not an end, and nothing that was written waits to be sent. Operations in flight
    /// end with <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Abort() => Socket.Abort();

    /// <summary>
    /// Splits it into two halves that belong to two tasks. From here on the halves are used, not the stream; it is closed when both
    /// are disposed. Disposing the stream all the same closes it at once, for both.
    /// </summary>
    /// <returns>The half that reads and the half that writes.</returns>
    /// <exception cref="InvalidOperationException">It is split already.</exception>
    public (ReadHalf Read, WriteHalf Write) Split()
    {
        var split = new SplitStream(this);
        return Interlocked.CompareExchange(ref _split, split, null) is null
            ? (new ReadHalf(split), new WriteHalf(split))
            : throw new InvalidOperationException(
                "This stream is split already: its halves belong to whoever split it. Reunite them to use the stream as one again.");
    }

    /// <summary>
    /// It as a <see cref="Stream"/>, for code that takes one: <c>SslStream</c>, <c>JsonSerializer</c>, … Disposing that disposes this.
    /// </summary>
    /// <remarks>
    /// Errors are <see cref="IOException"/>s around the <see cref="SocketException"/>, as those of <see cref="NetworkStream"/> are. Reads and writes
    /// that are not asynchronous block the thread; on a runtime with one thread, or a thread to a core, they throw
    /// <see cref="InvalidOperationException"/> when there is something to wait for.
    /// </remarks>
    /// <returns>The stream.</returns>
    public Stream AsStream() => new StreamOverBytes(this, FileAccess.ReadWrite, this);

    /// <summary>
    /// It as a pipe, for code that is written against <c>System.IO.Pipelines</c>. Nothing runs behind it: a read of the pipe reads here,
    /// a flush writes here. It <see cref="Split">splits</see> the stream: completing the output shuts down sending, completing both
    /// closes it.
    /// </summary>
    /// <returns>The pipe.</returns>
    /// <exception cref="InvalidOperationException">It is split already.</exception>
    public IDuplexPipe AsDuplexPipe()
    {
        (ReadHalf read, WriteHalf write) = Split();
        return new SplitPipe(read, write);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Socket.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The halves are given back.</summary>
    internal void Reunite() => Volatile.Write(ref _split, null);

    internal EndOfStreamException EndedAfter(long read, long wanted) => new(
        $"{Peer} closed the connection after {read} of the {wanted} bytes that were to be read.");

    private static long LengthOf(IReadOnlyList<ReadOnlyMemory<byte>> buffers)
    {
        long length = 0;
        for (int i = 0; i < buffers.Count; i++)
        {
            length += buffers[i].Length;
        }

        return length;
    }

    [AsyncMethodBuilder(typeof(OperationBuilder))]
    private async ValueTask ReadRestAsync(ValueTask<int> pending, int read, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (true)
        {
            int more = await pending.ConfigureAwait(SchedulerContext.IsCurrent);
            read += more;
            if (read == buffer.Length)
            {
                return;
            }

            if (more == 0)
            {
                throw EndedAfter(read, buffer.Length);
            }

            pending = Socket.ReadAsync(buffer[read..], cancellationToken);
        }
    }

    [AsyncMethodBuilder(typeof(OperationBuilder<>))]
    private async ValueTask<byte[]> ReadAllAsync(int limit, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            int count = 0;
            while (true)
            {
                if (count == buffer.Length)
                {
                    byte[] larger = ArrayPool<byte>.Shared.Rent(2 * count);
                    buffer.CopyTo(larger, 0);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }

                int read = await Socket.ReadAsync(buffer.AsMemory(count), cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
                if (read == 0)
                {
                    return buffer.AsSpan(0, count).ToArray();
                }

                count += read;
                if (count > limit)
                {
                    throw new InvalidDataException(
                        $"{Peer} sent more than the {limit} bytes that ReadToEndAsync was to take. If that is fine, raise the limit.");
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    [AsyncMethodBuilder(typeof(OperationBuilder))]
    private async ValueTask WriteRestAsync(ValueTask<int> pending, ReadOnlyMemory<byte> rest, CancellationToken cancellationToken)
    {
        while (true)
        {
            rest = rest[await pending.ConfigureAwait(SchedulerContext.IsCurrent)..];
            if (rest.IsEmpty)
            {
                return;
            }

            pending = Socket.WriteAsync(rest, cancellationToken);
        }
    }

    [AsyncMethodBuilder(typeof(OperationBuilder))]
    private async ValueTask WriteTailAsync(
        ValueTask<int> pending, IReadOnlyList<ReadOnlyMemory<byte>> buffers, CancellationToken cancellationToken)
    {
        var tail = new BufferTail(buffers);
        while (true)
        {
            tail.Skip(await pending.ConfigureAwait(SchedulerContext.IsCurrent));
            if (tail.Count == 0)
            {
                return;
            }

            pending = Socket.WriteVectoredAsync(tail, cancellationToken);
        }
    }
}
