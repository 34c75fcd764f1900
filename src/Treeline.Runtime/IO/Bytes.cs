using System.Buffers;
using System.Runtime.CompilerServices;

namespace Treeline.IO;

/// <summary>Copies bytes from one stream to another, and lets a <see cref="Stream"/> be read and written as a <see cref="ByteStream"/> is.</summary>
public static class Bytes
{
    // That of Stream.CopyToAsync (dotnet/runtime): the largest that stays out of the large object heap.
    private const int CopySize = 80 * 1024;

    /// <summary>
    /// Copies until the source sends no more. The target stays open. Cancellation: not cancel-safe. A cancelled copy may have read bytes
    /// that it did not write; close both.
    /// </summary>
    /// <remarks>While it waits for bytes it holds no buffer.</remarks>
    /// <param name="source">Where the bytes come from.</param>
    /// <param name="target">Where they go to.</param>
    /// <param name="cancellationToken">Ends the copying.</param>
    /// <returns>How many bytes.</returns>
    public static ValueTask<long> CopyAsync(IByteReader source, IByteWriter target, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        return cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<long>(cancellationToken)
            : CopyAllAsync(source, target, cancellationToken);
    }

    /// <summary>
    /// Copies both ways until neither sends any more, as a proxy does. When one end has sent its last byte and the other has got it, that is
    /// told so (<see cref="ByteStream.Shutdown"/>), and the copying in the other direction goes on. Neither stream is closed. The first
    /// error ends both directions. Cancellation: not cancel-safe, as <see cref="CopyAsync"/>.
    /// </summary>
    /// <remarks>Semantics of Tokio's <c>copy_bidirectional</c>. The two directions are children, and show in the tree.</remarks>
    /// <param name="a">One end.</param>
    /// <param name="b">The other end.</param>
    /// <param name="cancellationToken">Ends the copying.</param>
    /// <returns>How many bytes went from a to b, and from b to a.</returns>
    public static ValueTask<(long AToB, long BToA)> CopyBidirectionalAsync(
        ByteStream a, ByteStream b, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        return cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<(long, long)>(cancellationToken)
            : new(TaskScope.RunAsync(
                async scope =>
                {
                    ChildTask<long> there = scope.Spawn(ct => CopyAndShutDownAsync(a, b, ct), "a to b");
                    ChildTask<long> back = scope.Spawn(ct => CopyAndShutDownAsync(b, a, ct), "b to a");
                    return (await there, await back);
                },
                cancellationToken));
    }

    /// <summary>
    /// A stream, say an <c>SslStream</c>, as a source of bytes, for a <see cref="LineReader"/> or a <see cref="FrameReader"/>. A cancelled read
    /// loses as much as one of the stream's own does. Both may be used; the stream stays its owner's to dispose.
    /// </summary>
    /// <param name="stream">A stream that can be read.</param>
    /// <returns>The source.</returns>
    public static IByteReader AsByteReader(this Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.CanRead ? new StreamByteReader(stream) : throw new ArgumentException("The stream cannot be read.", nameof(stream));
    }

    /// <summary>
    /// A stream, say an <c>SslStream</c>, as a target of bytes, for a <see cref="LineWriter"/> or a <see cref="FrameWriter"/>. It writes all or
    /// fails, and what a cancelled write has written nobody knows. If the stream has a buffer of its own, its owner flushes that.
    /// </summary>
    /// <param name="stream">A stream that can be written.</param>
    /// <returns>The target.</returns>
    public static IByteWriter AsByteWriter(this Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.CanWrite ? new StreamByteWriter(stream) : throw new ArgumentException("The stream cannot be written.", nameof(stream));
    }

    [AsyncMethodBuilder(typeof(OperationBuilder<>))]
    private static async ValueTask<long> CopyAllAsync(IByteReader source, IByteWriter target, CancellationToken cancellationToken)
    {
        long copied = 0;
        while (true)
        {
            await source.ReadableAsync(cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
            byte[] buffer = ArrayPool<byte>.Shared.Rent(CopySize);
            try
            {
                // A read that fills the buffer leaves more to read, so the buffer is kept.
                int read;
                do
                {
                    read = await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
                    if (read == 0)
                    {
                        return copied;
                    }

                    await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
                    copied += read;
                }
                while (read == buffer.Length);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    private static async Fiber<long> CopyAndShutDownAsync(ByteStream source, ByteStream target, CancellationToken cancellationToken)
    {
        long copied = await CopyAllAsync(source, target, cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
        target.Shutdown();
        return copied;
    }
}
