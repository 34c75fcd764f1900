namespace Treeline.IO;

/// <summary>What somebody writes: one buffer, or several one after another.</summary>
internal readonly struct DuplexWrite
{
    private readonly ReadOnlyMemory<byte> _one;
    private readonly IReadOnlyList<ReadOnlyMemory<byte>>? _several;

    public DuplexWrite(ReadOnlyMemory<byte> one)
    {
        _one = one;
        Length = one.Length;
    }

    public DuplexWrite(IReadOnlyList<ReadOnlyMemory<byte>> several)
    {
        _several = several;
        foreach (ReadOnlyMemory<byte> one in several)
        {
            Length += one.Length;
        }
    }

    public long Length { get; }

    /// <summary>Copies the first bytes into a ring.</summary>
    public void CopyTo(byte[] ring, long position, int count)
    {
        if (_several is null)
        {
            Put(_one.Span[..count], ring, position);
            return;
        }

        foreach (ReadOnlyMemory<byte> one in _several)
        {
            int part = Math.Min(one.Length, count);
            Put(one.Span[..part], ring, position);
            position += part;
            count -= part;
        }
    }

    /// <summary>Puts bytes into a ring, where their position says.</summary>
    public static void Put(ReadOnlySpan<byte> bytes, byte[] ring, long position)
    {
        int at = (int)(position % ring.Length);
        int first = Math.Min(bytes.Length, ring.Length - at);
        bytes[..first].CopyTo(ring.AsSpan(at));
        bytes[first..].CopyTo(ring);
    }
}
