using System.Runtime.CompilerServices;
using System.Text;

namespace Treeline.IO;

/// <summary>
/// Reads lines of UTF-8 text. A line ends with <c>\n</c> or <c>\r\n</c>; the last one may end with the stream.
/// </summary>
/// <remarks>
/// One read at a time. It reads ahead, so from here on the source is read by it alone. While it waits with nothing read ahead it holds
/// no buffer. Disposing gives the buffer back, and leaves the source open.
/// </remarks>
public sealed class LineReader : IFraming, IDisposable
{
    /// <summary>The longest line, in bytes, if nothing else is said: 64 KiB.</summary>
    public const int DefaultMaxLength = 64 * 1024;

    private readonly FramedReader<LineReader> _reader;
    private readonly IByteReader _source;
    private readonly int _maxLength;

    // How much of what is unread has no end of line in it. Of the read that is going on.
    private int _searched;

    /// <summary>Makes a reader; reads nothing yet.</summary>
    /// <param name="source">Where the bytes come from.</param>
    /// <param name="maxLength">The longest line, in bytes: what comes from outside needs a bound. 1 GiB at most.</param>
    public LineReader(IByteReader source, int maxLength = DefaultMaxLength)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxLength, LengthPrefix.GreatestMaxLength);
        _reader = new FramedReader<LineReader>(source, this);
        _source = source;
        _maxLength = maxLength;
    }

    /// <summary>The bytes of the line that <see cref="ReadAsync"/> has read, without its end. They are good until the next read.</summary>
    public ReadOnlyMemory<byte> Line => _reader.Current;

    /// <summary>
    /// Reads a line into <see cref="Line"/>. Cancellation: a cancelled read took nothing; the beginning of a line that has come is
    /// there for the next.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False: there are no more lines.</returns>
    /// <exception cref="InvalidDataException">A line is too long. No more can be read.</exception>
    public ValueTask<bool> ReadAsync(CancellationToken cancellationToken = default) => _reader.ReadAsync(cancellationToken);

    /// <summary>
    /// Reads a line as a string; bytes that are not UTF-8 become <c>U+FFFD</c>. Cancellation: as <see cref="ReadAsync"/>.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The line without its end; null if there are no more.</returns>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken = default)
    {
        ValueTask<bool> read = _reader.ReadAsync(cancellationToken);
        return read.IsCompletedSuccessfully ? new(Text(read.Result)) : FinishAsync(read);
    }

    /// <summary>All lines that are left, as strings. Cancellation: as <see cref="ReadAsync"/>.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The lines.</returns>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public async IAsyncEnumerable<string> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (await ReadLineAsync(cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent) is { } line)
        {
            yield return line;
        }
    }

    /// <summary>Gives the buffer back. A read in flight goes on until its source gives something, and then throws.</summary>
    public void Dispose() => _reader.Dispose();

    bool IFraming.TryCut(ReadOnlySpan<byte> unread, out Cut cut)
    {
        int end = unread[_searched..].IndexOf((byte)'\n');
        if (end < 0)
        {
            // One more: it may be the first half of the end.
            CheckLength(unread.Length - 1);
            _searched = unread.Length;
            cut = default;
            return false;
        }

        end += _searched;
        cut = new Cut(0, WithoutReturn(unread[..end]), end + 1);
        CheckLength(cut.Length);
        _searched = 0;
        return true;
    }

    Cut IFraming.CutLast(ReadOnlySpan<byte> unread)
    {
        var cut = new Cut(0, WithoutReturn(unread), unread.Length);
        CheckLength(cut.Length);
        return cut;
    }

    private static int WithoutReturn(ReadOnlySpan<byte> line) => line.Length - (line.EndsWith("\r"u8) ? 1 : 0);

    private void CheckLength(int length)
    {
        if (length > _maxLength)
        {
            _searched = 0;
            throw new InvalidDataException(
                $"A line of {_source} is longer than {_maxLength} bytes. Close the connection; or, if such lines are fine, give the LineReader a "
                + "greater maxLength.");
        }
    }

    private string? Text(bool hasLine) => hasLine ? Encoding.UTF8.GetString(Line.Span) : null;

    [AsyncMethodBuilder(typeof(OperationBuilder<>))]
    private async ValueTask<string?> FinishAsync(ValueTask<bool> read) =>
        Text(await read.ConfigureAwait(SchedulerContext.IsCurrent));
}
