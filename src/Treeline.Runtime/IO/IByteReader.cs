namespace Treeline.IO;

/// <summary>
/// Where bytes come from: a <see cref="ByteStream"/>, a <see cref="ReadHalf"/>, or any <see cref="Stream"/> by
/// <see cref="Bytes.AsByteReader"/>. What cuts bytes into lines or frames takes one of these.
/// </summary>
public interface IByteReader
{
    /// <summary>
    /// Reads what is there, at least one byte; waits until there is something. Cancellation: a cancelled read took nothing.
    /// </summary>
    /// <param name="buffer">Where to. Its memory is written until the returned task has completed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many bytes. 0: the other end will send no more, or the buffer is empty.</returns>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default);

    /// <summary>
    /// Waits until a read would not have to wait, so that no buffer is held meanwhile: bytes are there, or the end, or an error.
    /// May be wrong now and then. Cancellation: it takes nothing, so nothing is lost.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What to await.</returns>
    public ValueTask ReadableAsync(CancellationToken cancellationToken = default);
}
