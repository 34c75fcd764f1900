using System.Text;

namespace Treeline.IO;

/// <summary>Writes lines of UTF-8 text.</summary>
/// <remarks>
/// One operation at a time. Each line is sent by the time its write has completed, in one piece with what was appended before.
/// Disposing gives the buffer back, with what has not been sent, and leaves the target open.
/// </remarks>
public sealed class LineWriter : IDisposable
{
    private readonly FramedWriter<LineWriter> _writer;
    private readonly byte[] _newLine;

    /// <summary>Makes a writer.</summary>
    /// <param name="target">Where the bytes go to.</param>
    /// <param name="newLine">The end of each line: <c>\n</c> or <c>\r\n</c>.</param>
    public LineWriter(IByteWriter target, string newLine = "\n")
    {
        ArgumentNullException.ThrowIfNull(target);
        if (newLine is not ("\n" or "\r\n"))
        {
            throw new ArgumentException("Lines end with \"\\n\" or \"\\r\\n\".", nameof(newLine));
        }

        _writer = new FramedWriter<LineWriter>(target);
        _newLine = Encoding.UTF8.GetBytes(newLine);
    }

    /// <summary>
    /// Writes a line and its end. Cancellation: a cancelled write wrote nothing. One that is cancelled when a part of the line is on
    /// its way succeeds; the rest goes out before the next line, or by <see cref="FlushAsync"/>.
    /// </summary>
    /// <param name="line">The line. It has been copied when the call returns.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What to await.</returns>
    /// <exception cref="ArgumentException">There is an end of line in it.</exception>
    public ValueTask WriteAsync(ReadOnlySpan<char> line, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        Put(line);
        return _writer.SendAsync(cancellationToken);
    }

    /// <inheritdoc cref="WriteAsync(ReadOnlySpan{char}, CancellationToken)"/>
    public ValueTask WriteAsync(ReadOnlySpan<byte> line, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        Put(line);
        return _writer.SendAsync(cancellationToken);
    }

    /// <summary>Puts a line and its end into the buffer, to be sent with the next write or <see cref="FlushAsync"/>.</summary>
    /// <param name="line">The line.</param>
    /// <exception cref="ArgumentException">There is an end of line in it.</exception>
    public void Append(ReadOnlySpan<char> line)
    {
        Put(line);
        _writer.EndItem();
    }

    /// <inheritdoc cref="Append(ReadOnlySpan{char})"/>
    public void Append(ReadOnlySpan<byte> line)
    {
        Put(line);
        _writer.EndItem();
    }

    /// <summary>
    /// Sends what was appended. Cancellation: what has not been sent stays in the buffer, for the next.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What to await.</returns>
    public ValueTask FlushAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        _writer.Begin(0);
        return _writer.SendAsync(cancellationToken);
    }

    /// <summary>Gives the buffer back.</summary>
    public void Dispose() => _writer.Dispose();

    private static void CheckOneLine(bool hasEnd)
    {
        if (hasEnd)
        {
            throw new ArgumentException(
                "There is an end of line in the line: the other end would read two. Write them one by one, or encode what users have typed.");
        }
    }

    private void Put(ReadOnlySpan<char> line)
    {
        CheckOneLine(line.ContainsAny('\n', '\r'));
        Span<byte> space = _writer.Begin(Encoding.UTF8.GetMaxByteCount(line.Length) + _newLine.Length);
        PutEnd(space, Encoding.UTF8.GetBytes(line, space));
    }

    private void Put(ReadOnlySpan<byte> line)
    {
        CheckOneLine(line.ContainsAny((byte)'\n', (byte)'\r'));
        Span<byte> space = _writer.Begin(line.Length + _newLine.Length);
        line.CopyTo(space);
        PutEnd(space, line.Length);
    }

    private void PutEnd(Span<byte> space, int length)
    {
        _newLine.CopyTo(space[length..]);
        _writer.Advance(length + _newLine.Length);
    }
}
