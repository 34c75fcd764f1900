using System.Runtime.InteropServices;
using Treeline.Drivers.Linux;

namespace Treeline.Drivers.Uring;

/// <summary>
/// The buffers that the kernel chooses from when bytes arrive: one ring of them serves all sockets, so a connection that is idle holds
/// none. Few at first, so that they stay in the cache, for the kernel uses them in turn; more when they are used up.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> <c>_gate</c> owns our end of the ring: a buffer is given back by any thread, which writes its entry, then the tail
/// with release; the kernel reads the tail with acquire. The kernel takes at its own end, and tells in the completion which it took:
/// from then on the buffer is the socket's. Only the owner of the driver grows it. (<c>io_uring_register_buf_ring(3)</c>)
/// </remarks>
internal sealed unsafe class BufferRing : IDisposable
{
    /// <summary>How many bytes go into one.</summary>
    public const int Size = 4 * 1024;

    private const int EntrySize = 16;
    private const int Stride = Chunk.HeadSize + Size;

    private readonly int _most;
    private readonly byte* _ring;
    private readonly List<nint> _slabs = [];
    private nint[] _chunks = [];
    private Gate _gate;
    private ushort _tail;
    private int _made;
    private int _held;

    private BufferRing(byte* ring, int most)
    {
        _ring = ring;
        _most = most;
    }

    /// <summary>How many are in the hands of sockets.</summary>
    public int Held => Volatile.Read(ref _held);

    /// <summary>How many there are.</summary>
    public int Made => _made;

    /// <summary>Makes one and makes it known to a ring, as its group 0. Null: the kernel refuses.</summary>
    /// <param name="ring">Whose.</param>
    /// <param name="first">How many buffers at first.</param>
    /// <param name="most">How many at most; a power of two, no more than 32,768.</param>
    /// <param name="error">Why it refuses.</param>
    public static BufferRing? TryCreate(Ring ring, int first, int most, out Errno error)
    {
        nuint size = (nuint)(most * EntrySize);
        byte* memory = (byte*)NativeMemory.AlignedAlloc(size, (nuint)Environment.SystemPageSize);
        NativeMemory.Clear(memory, size);

        // struct io_uring_buf_reg: the address, how many entries, which group; the rest is zero.
        ulong* registration = stackalloc ulong[5];
        new Span<ulong>(registration, 5).Clear();
        registration[0] = (ulong)memory;
        registration[1] = (uint)most;
        error = ring.Register(UringAbi.RegisterBufferRing, registration, 1);
        if (error != Errno.None)
        {
            NativeMemory.AlignedFree(memory);
            return null;
        }

        var buffers = new BufferRing(memory, most);
        buffers.Grow(Math.Min(first, most));
        return buffers;
    }

    /// <summary>The buffer that the kernel says it has put <paramref name="length"/> bytes into. Owner of the driver.</summary>
    public Chunk* Take(int index, int length)
    {
        Interlocked.Increment(ref _held);
        var chunk = (Chunk*)_chunks[index];
        chunk->Next = null;
        chunk->Start = 0;
        chunk->End = Math.Max(length, 0);
        return chunk;
    }

    /// <summary>Any thread.</summary>
    public void Return(Chunk* chunk)
    {
        Interlocked.Decrement(ref _held);
        using (_gate.Enter())
        {
            Give(chunk);
        }
    }

    /// <summary>
    /// The kernel found none. False: nothing can be done about it until some are given back. Owner of the driver.
    /// </summary>
    public bool TryRelieve()
    {
        // Others may have been given back since, or this is one of many who ask.
        if (Held < _made / 2)
        {
            return true;
        }

        if (_made < _most)
        {
            Grow(Math.Min(_made, _most - _made));
        }

        return Held < _made;
    }

    /// <summary>The kernel does not use them any more.</summary>
    public void Dispose()
    {
        foreach (nint slab in _slabs)
        {
            NativeMemory.AlignedFree((void*)slab);
        }

        NativeMemory.AlignedFree(_ring);
    }

    private void Grow(int more)
    {
        byte* slab = (byte*)NativeMemory.AlignedAlloc((nuint)more * Stride, Chunk.HeadSize);
        _slabs.Add((nint)slab);
        var chunks = new nint[_made + more];
        _chunks.CopyTo(chunks, 0);
        for (int i = 0; i < more; i++)
        {
            var chunk = (Chunk*)(slab + ((nint)i * Stride));
            chunk->Capacity = Size;
            chunk->Index = _made + i;
            chunks[_made + i] = (nint)chunk;
        }

        _chunks = chunks;
        using (_gate.Enter())
        {
            for (int i = _made; i < chunks.Length; i++)
            {
                Give((Chunk*)chunks[i]);
            }
        }

        _made = chunks.Length;
    }

    private void Give(Chunk* chunk)
    {
        // struct io_uring_buf: address, length, which one. What would be the last field of the first entry is the tail of the ring. There
        // are never more buffers than entries, so the entry is free.
        byte* entry = _ring + ((_tail & (_most - 1)) * EntrySize);
        *(ulong*)entry = (ulong)Chunk.Memory(chunk);
        *(uint*)(entry + 8) = (uint)chunk->Capacity;
        *(ushort*)(entry + 12) = (ushort)chunk->Index;
        _tail++;
        Volatile.Write(ref *(ushort*)(_ring + 14), _tail);
    }
}
