using System.Runtime.InteropServices;

namespace Treeline.Drivers.Uring;

/// <summary>The head of a piece of unmanaged memory that bytes wait in; they stand directly behind it.</summary>
/// <remarks>
/// Unmanaged, because the kernel reads and writes it while managed memory moves. A chunk is always in the hands of exactly one: a
/// pool, the ring of buffers (then the kernel's), a socket's list, or the stack of whoever copies.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Chunk
{
    /// <summary>A cache line, so that copies begin at one.</summary>
    public const int HeadSize = 64;

    public Chunk* Next;

    /// <summary>The bytes that are in it: from here …</summary>
    public int Start;

    /// <summary>… to here.</summary>
    public int End;

    public int Capacity;

    /// <summary>Which one of a <see cref="BufferRing"/> it is; -1: it belongs to a <see cref="ChunkPool"/>.</summary>
    public int Index;

    /// <summary>Where the memory of <paramref name="chunk"/> begins that bytes may be in.</summary>
    public static byte* Memory(Chunk* chunk) => (byte*)chunk + HeadSize;

    /// <summary>The bytes that are in it. Valid while the caller owns the chunk.</summary>
    public static Span<byte> Filled(Chunk* chunk) => new(Memory(chunk) + chunk->Start, chunk->End - chunk->Start);

    /// <summary>What is free behind them. Valid while the caller owns the chunk.</summary>
    public static Span<byte> Free(Chunk* chunk) => new(Memory(chunk) + chunk->End, chunk->Capacity - chunk->End);
}
