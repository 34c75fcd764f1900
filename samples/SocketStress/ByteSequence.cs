using System.Buffers.Binary;

namespace SocketStress;

/// <summary>
/// Bytes drawn from a seed, any of which can be said by its position: so both ends know what has to come, and where. A byte that is
/// lost, doubled or changed makes all that follow differ.
/// </summary>
internal readonly struct ByteSequence(ulong seed)
{
    public void Fill(Span<byte> bytes, long position)
    {
        Span<byte> word = stackalloc byte[8];
        for (int i = 0; i < bytes.Length;)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(word, WordAt((position + i) / 8));
            int within = (int)((position + i) % 8);
            int count = Math.Min(8 - within, bytes.Length - i);
            word.Slice(within, count).CopyTo(bytes[i..]);
            i += count;
        }
    }

    /// <summary>Throws if these are not the bytes from <paramref name="position"/> on.</summary>
    public void Check(ReadOnlySpan<byte> bytes, long position)
    {
        Span<byte> expected = stackalloc byte[256];
        for (int i = 0; i < bytes.Length; i += expected.Length)
        {
            int count = Math.Min(expected.Length, bytes.Length - i);
            Fill(expected[..count], position + i);
            int same = bytes.Slice(i, count).CommonPrefixLength(expected[..count]);
            if (same < count)
            {
                throw new StormException($"Byte {position + i + same} is {bytes[i + same]}, and should be {expected[same]}.");
            }
        }
    }

    // SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
    private ulong WordAt(long index)
    {
        ulong z = seed + (((ulong)index + 1) * 0x9E3779B97F4A7C15);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
