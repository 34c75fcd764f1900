namespace Treeline.IO;

/// <summary>
/// The half of a <see cref="ByteStream"/> that writes, for one task while another has the half that reads. The stream is closed when
/// both are disposed.
/// </summary>
public sealed class WriteHalf : IByteWriter, IDisposable
{
    internal WriteHalf(SplitStream split) => Shared = split;

    internal SplitStream Shared { get; }

    private ByteStream Stream => Shared.For(SplitStream.Write);

    /// <inheritdoc/>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        Stream.WriteAsync(buffer, cancellationToken);

    /// <inheritdoc cref="ByteStream.WriteAsync(IReadOnlyList{ReadOnlyMemory{byte}}, CancellationToken)"/>
    public ValueTask WriteAsync(IReadOnlyList<ReadOnlyMemory<byte>> buffers, CancellationToken cancellationToken = default) =>
        Stream.WriteAsync(buffers, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<int> WriteSomeAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        Stream.WriteSomeAsync(buffer, cancellationToken);

    /// <inheritdoc cref="ByteStream.WritableAsync"/>
    public ValueTask WritableAsync(CancellationToken cancellationToken = default) => Stream.WritableAsync(cancellationToken);

    /// <inheritdoc cref="ByteStream.TryWrite"/>
    public bool TryWrite(ReadOnlySpan<byte> buffer, out int written) => Stream.TryWrite(buffer, out written);

    /// <inheritdoc cref="ByteStream.Shutdown"/>
    public void Shutdown() => Stream.Shutdown();

    /// <summary>It as a <see cref="System.IO.Stream"/> that can only be written. Disposing that disposes this half.</summary>
    /// <inheritdoc cref="ByteStream.AsStream" path="/remarks"/>
    /// <returns>The stream.</returns>
    public Stream AsStream() => new StreamOverBytes(Stream, FileAccess.Write, this);

    /// <summary>The stream that it is half of.</summary>
    public override string? ToString() => Shared.Stream.ToString();

    /// <summary>
    /// Ends the half: no more will be sent, and the other end reads the end of the stream. If the half that reads is disposed, closes
    /// the stream.
    /// </summary>
    public void Dispose() => Shared.End(SplitStream.Write);
}
