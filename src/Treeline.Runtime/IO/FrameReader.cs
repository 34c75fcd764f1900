namespace Treeline.IO;

/// <summary>Reads frames, each with its <see cref="LengthPrefix">length in front</see>.</summary>
/// <inheritdoc cref="LineReader" path="/remarks"/>
public sealed class FrameReader : IFraming, IDisposable
{
    private readonly FramedReader<FrameReader> _reader;
    private readonly IByteReader _source;
    private readonly LengthPrefix _prefix;

    /// <summary>Makes a reader; reads nothing yet.</summary>
    /// <param name="source">Where the bytes come from.</param>
    /// <param name="prefix">What the length looks like; the same at the other end.</param>
    public FrameReader(IByteReader source, LengthPrefix? prefix = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        _reader = new FramedReader<FrameReader>(source, this);
        _source = source;
        _prefix = prefix ?? LengthPrefix.Default;
    }

    /// <summary>The frame that <see cref="ReadAsync"/> has read, without its length. It is good until the next read.</summary>
    public ReadOnlyMemory<byte> Frame => _reader.Current;

    /// <summary>
    /// Reads a frame into <see cref="Frame"/>. Cancellation: a cancelled read took nothing; the beginning of a frame that has come is
    /// there for the next.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False: there are no more frames.</returns>
    /// <exception cref="InvalidDataException">A frame is too long. No more can be read.</exception>
    /// <exception cref="EndOfStreamException">The stream ended within a frame.</exception>
    public ValueTask<bool> ReadAsync(CancellationToken cancellationToken = default) => _reader.ReadAsync(cancellationToken);

    /// <inheritdoc cref="LineReader.Dispose"/>
    public void Dispose() => _reader.Dispose();

    bool IFraming.TryCut(ReadOnlySpan<byte> unread, out Cut cut)
    {
        cut = default;
        if (unread.Length < _prefix.Size)
        {
            return false;
        }

        ulong length = _prefix.Read(unread);
        if (length > (ulong)_prefix.MaxLength)
        {
            throw new InvalidDataException(
                $"A frame of {length} bytes is announced by {_source}; {_prefix.MaxLength} are taken at most. Close the connection. If it speaks the same "
                + "protocol and such frames are fine, raise LengthPrefix.MaxLength; if not, compare Size and IsLittleEndian at both ends.");
        }

        int whole = _prefix.Size + (int)length;
        if (unread.Length < whole)
        {
            return false;
        }

        cut = new Cut(_prefix.Size, (int)length, whole);
        return true;
    }

    Cut IFraming.CutLast(ReadOnlySpan<byte> unread) => throw new EndOfStreamException(
        unread.Length < _prefix.Size
            ? $"{_source} ended within the length of a frame, after {unread.Length} of its {_prefix.Size} bytes."
            : $"{_source} ended within a frame, after {unread.Length - _prefix.Size} of its {_prefix.Read(unread)} bytes.");
}
