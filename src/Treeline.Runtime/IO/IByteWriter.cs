namespace Treeline.IO;

/// <summary>
/// Where bytes go to: a <see cref="ByteStream"/>, a <see cref="WriteHalf"/>, or any <see cref="Stream"/> by
/// <see cref="Bytes.AsByteWriter"/>. What writes lines or frames takes one of these.
/// </summary>
public interface IByteWriter
{
    /// <summary>
    /// Writes all the bytes. Cancellation: not cancel-safe. A cancelled write may have written some of them, and nobody knows how
    /// many; close the stream then, or use <see cref="WriteSomeAsync"/>.
    /// </summary>
    /// <param name="buffer">The bytes. They are read until the returned task has completed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What to await.</returns>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default);

    /// <summary>
    /// Writes as many of the bytes as fit, at least one of any. Cancellation: a cancelled write wrote nothing.
    /// </summary>
    /// <param name="buffer">The bytes. They are read until the returned task has completed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many were written.</returns>
    public ValueTask<int> WriteSomeAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default);
}
