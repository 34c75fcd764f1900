using System.Buffers.Binary;

namespace Treeline.IO;

/// <summary>What stands before each frame: how long it is, as a number of one, two, four or eight bytes.</summary>
public sealed record LengthPrefix
{
    /// <summary>A frame is one buffer, and buffers end somewhere; what is longer is sent in parts.</summary>
    internal const int GreatestMaxLength = 1 << 30;

    /// <summary>Four bytes, big-endian, frames of up to 8 MiB: what Tokio's <c>LengthDelimitedCodec</c> has by default.</summary>
    public static LengthPrefix Default { get; } = new();

    /// <summary>How many bytes the length takes: 1, 2, 4 or 8.</summary>
    public int Size
    {
        get;
        init => field = value is 1 or 2 or 4 or 8
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "A length takes 1, 2, 4 or 8 bytes.");
    } = 4;

    /// <summary>Whether the byte that counts least comes first. Networks mostly send it last.</summary>
    public bool IsLittleEndian { get; init; }

    /// <summary>The longest frame, in bytes, its length not counted: what comes from outside needs a bound. 1 GiB at most.</summary>
    public int MaxLength
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, GreatestMaxLength);
            field = value;
        }
    } = 8 * 1024 * 1024;

    /// <summary>The longest frame of which the length can be written.</summary>
    internal int Limit => Size switch
    {
        1 => Math.Min(MaxLength, byte.MaxValue),
        2 => Math.Min(MaxLength, ushort.MaxValue),
        _ => MaxLength,
    };

    internal ulong Read(ReadOnlySpan<byte> from) => (Size, IsLittleEndian) switch
    {
        (1, _) => from[0],
        (2, false) => BinaryPrimitives.ReadUInt16BigEndian(from),
        (2, true) => BinaryPrimitives.ReadUInt16LittleEndian(from),
        (4, false) => BinaryPrimitives.ReadUInt32BigEndian(from),
        (4, true) => BinaryPrimitives.ReadUInt32LittleEndian(from),
        (_, false) => BinaryPrimitives.ReadUInt64BigEndian(from),
        (_, true) => BinaryPrimitives.ReadUInt64LittleEndian(from),
    };

    internal void Write(Span<byte> to, int length)
    {
        switch (Size, IsLittleEndian)
        {
            case (1, _):
                to[0] = (byte)length;
                break;
            case (2, false):
                BinaryPrimitives.WriteUInt16BigEndian(to, (ushort)length);
                break;
            case (2, true):
                BinaryPrimitives.WriteUInt16LittleEndian(to, (ushort)length);
                break;
            case (4, false):
                BinaryPrimitives.WriteInt32BigEndian(to, length);
                break;
            case (4, true):
                BinaryPrimitives.WriteInt32LittleEndian(to, length);
                break;
            case (_, false):
                BinaryPrimitives.WriteInt64BigEndian(to, length);
                break;
            default:
                BinaryPrimitives.WriteInt64LittleEndian(to, length);
                break;
        }
    }
}
