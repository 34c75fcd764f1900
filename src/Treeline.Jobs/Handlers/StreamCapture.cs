using System.Buffers;
using System.Text;

namespace Treeline.Jobs;

/// <summary>
/// Keeps the beginning and the very end of a stream that may be of any length. One reader fills it; it is looked at when
/// that one has ended.
/// </summary>
internal sealed class StreamCapture(int keep)
{
    /// <summary>How much of the end is kept.</summary>
    public const int TailKept = 4 * 1024;

    private readonly ArrayBufferWriter<byte> _head = new();
    private readonly byte[] _tail = new byte[TailKept];
    private bool _cutShort;

    /// <summary>How long the stream was.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether some of the stream is missing from <see cref="Head"/>.</summary>
    public bool Truncated => _cutShort || Bytes > _head.WrittenCount;

    /// <summary>
    /// Reads to the end of the stream.
    /// Cancellation: what was read until then is kept, and counts as truncated.
    /// </summary>
    public async Task ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
            {
                Add(buffer.AsSpan(0, read));
            }
        }
        catch (OperationCanceledException)
        {
            _cutShort = true;
            throw;
        }
    }

    /// <summary>The beginning. A character cut in two at its end is left out, not shown as a broken one.</summary>
    public string Head(Encoding encoding)
    {
        var text = new char[encoding.GetMaxCharCount(_head.WrittenCount)];
        int length = encoding.GetDecoder().GetChars(_head.WrittenSpan, text, flush: !Truncated);
        return new string(text, 0, length);
    }

    /// <summary>The last 4 KiB, or all of it if it was shorter.</summary>
    public string Tail(Encoding encoding)
    {
        int length = (int)Math.Min(Bytes, TailKept);
        int start = (int)(Bytes % TailKept);
        byte[] bytes = length < TailKept ? _tail[..length] : [.. _tail[start..], .. _tail[..start]];
        string text = encoding.GetString(bytes);

        // The first character may have lost its beginning.
        return length < Bytes ? "…" + text.TrimStart('\uFFFD') : text;
    }

    private void Add(ReadOnlySpan<byte> bytes)
    {
        _head.Write(bytes[..Math.Min(bytes.Length, keep - _head.WrittenCount)]);
        int skip = Math.Max(0, bytes.Length - TailKept);
        for (int i = skip; i < bytes.Length; i++)
        {
            _tail[(Bytes + i) % TailKept] = bytes[i];
        }

        Bytes += bytes.Length;
    }
}
