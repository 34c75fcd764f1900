namespace Treeline.IO;

/// <summary>Writes frames, each with its <see cref="LengthPrefix">length in front</see>.</summary>
/// <remarks>
/// One operation at a time. Each frame is sent by the time its write has completed, in one piece with what was appended before.
/// Disposing gives the buffer back, with what has not been sent, and leaves the target open.
/// </remarks>
public sealed class FrameWriter : IDisposable
{
    private readonly FramedWriter<FrameWriter> _writer;
    private readonly LengthPrefix _prefix;

    /// <summary>Makes a writer.</summary>
    /// <param name="target">Where the bytes go to.</param>
    /// <param name="prefix">What the length looks like; the same at the other end.</param>
    public FrameWriter(IByteWriter target, LengthPrefix? prefix = null)
    {
        ArgumentNullException.ThrowIfNull(target);
        _writer = new FramedWriter<FrameWriter>(target);
        _prefix = prefix ?? LengthPrefix.Default;
    }

    /// <summary>
    /// Writes a frame. Cancellation: a cancelled write wrote nothing. One that is cancelled when a part of the frame is on its way
    /// succeeds; the rest goes out before the next frame, or by <see cref="FlushAsync"/>.
    /// </summary>
    /// <param name="frame">Its bytes. They have been copied when the call returns.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What to await.</returns>
    /// <exception cref="ArgumentException">It is longer than <see cref="LengthPrefix.MaxLength"/>, or than the prefix can tell.</exception>
    public ValueTask WriteAsync(ReadOnlySpan<byte> frame, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        Put(frame);
        return _writer.SendAsync(cancellationToken);
    }

    /// <summary>Puts a frame into the buffer, to be sent with the next write or <see cref="FlushAsync"/>.</summary>
    /// <param name="frame">Its bytes.</param>
    /// <inheritdoc cref="WriteAsync" path="/exception"/>
    public void Append(ReadOnlySpan<byte> frame)
    {
        Put(frame);
        _writer.EndItem();
    }

    /// <inheritdoc cref="LineWriter.FlushAsync"/>
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

    private void Put(ReadOnlySpan<byte> frame)
    {
        if (frame.Length > _prefix.Limit)
        {
            throw new ArgumentException(
                $"The frame has {frame.Length} bytes; {_prefix.Limit} are the most with a LengthPrefix of {_prefix.Size} bytes and a MaxLength "
                + $"of {_prefix.MaxLength}. Send it in parts, or raise the limits at both ends.",
                nameof(frame));
        }

        Span<byte> space = _writer.Begin(_prefix.Size + frame.Length);
        _prefix.Write(space, frame.Length);
        frame.CopyTo(space[_prefix.Size..]);
        _writer.Advance(_prefix.Size + frame.Length);
    }
}
