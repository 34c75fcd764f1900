using System.Net;

namespace Treeline.Testing;

/// <summary>A datagram that has arrived.</summary>
/// <param name="Bytes">What it carries.</param>
/// <param name="From">Who sent it.</param>
internal readonly record struct SimDatagram(byte[] Bytes, IPEndPoint From)
{
    /// <summary>Copies what fits.</summary>
    public int CopyTo(Span<byte> buffer)
    {
        int count = Math.Min(Bytes.Length, buffer.Length);
        Bytes.AsSpan(0, count).CopyTo(buffer);
        return count;
    }
}
