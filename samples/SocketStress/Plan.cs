using System.Buffers.Binary;

namespace SocketStress;

/// <summary>What is going to happen in a conversation: drawn from the seed of the storm and the conversation's number.</summary>
/// <param name="Number">Which conversation.</param>
/// <param name="Ending">How it ends.</param>
/// <param name="Length">How many bytes the client has to send.</param>
/// <param name="Turn">After how many of them it ends, unless it ends whole.</param>
/// <param name="GivesUp">Of how many reads and writes one is given up, on average, and tried again; 0: of none.</param>
internal sealed record Plan(long Number, Ending Ending, int Length, int Turn, int GivesUp)
{
    /// <summary>What the client says first, so that the server knows what to expect.</summary>
    public const int HeaderSize = 24;

    public static Plan Draw(Random random, long number)
    {
        // Half of them end well; many are small, some fill all buffers on the way several times.
        Ending ending = random.Next(2) == 0 ? Ending.Whole : (Ending)random.Next(1, 6);
        int length = random.Next(1, random.Next(10) switch { 0 => 1_000_000, < 4 => 50_000, _ => 1_000 });
        return new Plan(number, ending, length, random.Next(length), random.Next(2) * random.Next(1, 5));
    }

    /// <summary>The bytes that the client sends.</summary>
    internal ByteSequence Content => new((ulong)Number);

    /// <summary>How long the server waits for more.</summary>
    internal TimeSpan IdleLimit => Ending == Ending.Silence ? TimeSpan.FromMilliseconds(20) : TimeSpan.FromMinutes(1);

    public void WriteTo(Span<byte> header)
    {
        BinaryPrimitives.WriteInt64LittleEndian(header, Number);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], (int)Ending);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], Length);
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], Turn);
        BinaryPrimitives.WriteInt32LittleEndian(header[20..], GivesUp);
    }

    public static Plan ReadFrom(ReadOnlySpan<byte> header) => new(
        BinaryPrimitives.ReadInt64LittleEndian(header),
        (Ending)BinaryPrimitives.ReadInt32LittleEndian(header[8..]),
        BinaryPrimitives.ReadInt32LittleEndian(header[12..]),
        BinaryPrimitives.ReadInt32LittleEndian(header[16..]),
        BinaryPrimitives.ReadInt32LittleEndian(header[20..]));
}
