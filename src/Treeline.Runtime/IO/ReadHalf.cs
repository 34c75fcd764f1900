namespace Treeline.IO;

/// <summary>
/// The half of a <see cref="ByteStream"/> that reads, for one task while another has the half that writes. The stream is closed when
/// both are disposed.
/// </summary>
public sealed class ReadHalf : IByteReader, IDisposable
{
    private readonly SplitStream _split;

    internal ReadHalf(SplitStream split) => _split = split;

    private ByteStream Stream => _split.For(SplitStream.Read);

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Stream.ReadAsync(buffer, cancellationToken);

    /// <inheritdoc cref="ByteStream.ReadExactlyAsync"/>
    public ValueTask ReadExactlyAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Stream.ReadExactlyAsync(buffer, cancellationToken);

    /// <inheritdoc cref="ByteStream.PeekAsync"/>
    public ValueTask<int> PeekAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Stream.PeekAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public ValueTask ReadableAsync(CancellationToken cancellationToken = default) => Stream.ReadableAsync(cancellationToken);

    /// <inheritdoc cref="ByteStream.ReadableCase"/>
    public SelectCase ReadableCase() => Stream.ReadableCase();

    /// <inheritdoc cref="ByteStream.TryRead"/>
    public bool TryRead(Span<byte> buffer, out int read) => Stream.TryRead(buffer, out read);

    /// <summary>It as a <see cref="System.IO.Stream"/> that can only be read. Disposing that disposes this half.</summary>
    /// <inheritdoc cref="ByteStream.AsStream" path="/remarks"/>
    /// <returns>The stream.</returns>
    public Stream AsStream() => new StreamOverBytes(Stream, FileAccess.Read, this);

    /// <summary>
    /// Makes one stream of the two halves again; they cannot be used any more. No operation of theirs may be in flight.
    /// </summary>
    /// <param name="write">The other half of the same stream.</param>
    /// <returns>The stream that was split.</returns>
    /// <exception cref="ArgumentException">It is half of another stream.</exception>
    /// <exception cref="ObjectDisposedException">One of the halves is disposed.</exception>
    public ByteStream Reunite(WriteHalf write)
    {
        ArgumentNullException.ThrowIfNull(write);
        if (!ReferenceEquals(write.Shared, _split))
        {
            throw new ArgumentException("The two halves come from different streams. Reunite those that one Split() gave.", nameof(write));
        }

        return _split.TryReunite()
            ? _split.Stream
            : throw new ObjectDisposedException(null, "One of the halves is disposed, or they were reunited before: there is nothing to reunite.");
    }

    /// <summary>The stream that it is half of.</summary>
    public override string? ToString() => _split.Stream.ToString();

    /// <summary>
    /// Ends the half. If the other one is disposed, closes the stream; otherwise that goes on writing, and a read that is in flight goes on
    /// too, until then.
    /// </summary>
    public void Dispose() => _split.End(SplitStream.Read);
}
