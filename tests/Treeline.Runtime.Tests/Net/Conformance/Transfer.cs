using Treeline.Net;

namespace Treeline.Tests.Net.Conformance;

/// <summary>Moves bytes that can be told from any others: the byte at a place is a function of the place.</summary>
internal static class Transfer
{
    /// <summary>The byte at <paramref name="position"/> of a stream. The multiplier mixes all bits of the position: Knuth's, 2^32 by the golden ratio.</summary>
    public static byte At(long position) => (byte)((uint)position * 2654435769u >> 24);

    /// <summary>The bytes from <paramref name="position"/> on.</summary>
    public static byte[] Bytes(long position, int count)
    {
        byte[] bytes = new byte[count];
        Fill(bytes, position);
        return bytes;
    }

    public static void Fill(Span<byte> bytes, long position)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = At(position + i);
        }
    }

    /// <summary>Fails unless the bytes are those from <paramref name="position"/> on.</summary>
    public static void Check(ReadOnlySpan<byte> bytes, long position)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] != At(position + i))
            {
                Assert.Fail($"Byte {position + i} is {bytes[i]}, not {At(position + i)}: some were lost, came twice or out of order.");
            }
        }
    }

    public static async Task WriteAllAsync(this StreamSocket socket, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int written = await socket.WriteAsync(bytes, default);
            Assert.InRange(written, 1, bytes.Length);
            bytes = bytes[written..];
        }
    }

    public static async Task<byte[]> ReadExactlyAsync(this StreamSocket socket, int count)
    {
        byte[] bytes = new byte[count];
        for (int got = 0; got < count;)
        {
            int read = await socket.ReadAsync(bytes.AsMemory(got), default);
            Assert.NotEqual(0, read);
            got += read;
        }

        return bytes;
    }

    /// <summary>
    /// Writes the stream from the beginning until the system takes no more. Returns how many bytes it took. That it takes none now does
    /// not say so yet: what is on its way to the other end's buffer makes room when it gets there.
    /// </summary>
    public static async Task<long> FillUpAsync(this StreamSocket socket)
    {
        const int Settled = 50;
        long position = 0;
        byte[] chunk = new byte[16 * 1024];
        for (int refusals = 0; refusals < Settled;)
        {
            Fill(chunk, position);
            if (socket.TryWrite(chunk, out int written))
            {
                position += written;
                refusals = 0;
                Assert.True(position < 256 << 20, "The system takes bytes without end.");
            }
            else
            {
                refusals++;
                Thread.Sleep(1);
                await Task.Yield();
            }
        }

        return position;
    }

    /// <summary>Reads the stream from <paramref name="position"/> on to its end, checked. Returns the position of the end.</summary>
    public static async Task<long> ReadToEndAsync(this StreamSocket socket, long position = 0)
    {
        byte[] buffer = new byte[64 * 1024];
        while (await socket.ReadAsync(buffer, default) is > 0 and int read)
        {
            Check(buffer.AsSpan(0, read), position);
            position += read;
        }

        return position;
    }
}
