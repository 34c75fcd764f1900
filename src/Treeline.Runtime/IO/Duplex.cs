namespace Treeline.IO;

/// <summary>Connections that never leave memory: for tests, and between two parts of one program that speak a protocol of bytes.</summary>
public static class Duplex
{
    /// <summary>How many bytes each direction holds when nothing else is said.</summary>
    private const int DefaultCapacity = 64 * 1024;

    /// <summary>
    /// Makes the two ends of a connection. What is written to one is read from the other, in order; each direction holds so many
    /// bytes that nobody has read, and then writing waits.
    /// </summary>
    /// <example><code>
    /// var (client, server) = Duplex.CreatePair();
    /// await client.WriteAsync("ping"u8.ToArray());
    /// int read = await server.ReadAsync(buffer);
    /// </code></example>
    /// <param name="capacity">How many bytes each direction holds. Memory for them is taken when the first is written.</param>
    /// <returns>Both ends.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is not positive.</exception>
    public static (DuplexStream First, DuplexStream Second) CreatePair(int capacity = DefaultCapacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        var there = new DuplexLane(capacity, "the first end of a duplex pair", "the second end of a duplex pair");
        var back = new DuplexLane(capacity, "the second end of a duplex pair", "the first end of a duplex pair");
        DuplexLane.Join(there, back);
        return (new DuplexStream(new DuplexSocket(back, there)), new DuplexStream(new DuplexSocket(there, back)));
    }
}
