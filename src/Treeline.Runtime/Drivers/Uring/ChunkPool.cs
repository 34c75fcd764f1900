using System.Runtime.InteropServices;

namespace Treeline.Drivers.Uring;

/// <summary>Chunks that bytes wait in to be sent, and, when the ring of buffers is used up, to be received into.</summary>
/// <remarks>
/// <b>Protocol.</b> Everything belongs to <c>_gate</c>. What is made is freed when it comes back and enough are kept, or after the pool
/// has been disposed. So whoever holds a chunk while the driver ends can still give it back.
/// </remarks>
internal sealed unsafe class ChunkPool : IDisposable
{
    /// <summary>How many bytes go into one: as much as a record of TLS, the largest thing that is often written at once.</summary>
    public const int Size = 16 * 1024;

    private const int MostKept = 512;

    private Gate _gate;
    private Chunk* _first;
    private int _kept;
    private int _rented;
    private bool _isDisposed;

    /// <summary>How many are in somebody's hands.</summary>
    public int Rented
    {
        get
        {
            using (_gate.Enter())
            {
                return _rented;
            }
        }
    }

    public Chunk* Rent()
    {
        Chunk* chunk;
        using (_gate.Enter())
        {
            _rented++;
            chunk = _first;
            if (chunk is not null)
            {
                _first = chunk->Next;
                _kept--;
            }
        }

        if (chunk is null)
        {
            chunk = (Chunk*)NativeMemory.AlignedAlloc(Chunk.HeadSize + Size, Chunk.HeadSize);
            chunk->Capacity = Size;
            chunk->Index = -1;
        }

        chunk->Next = null;
        chunk->Start = chunk->End = 0;
        return chunk;
    }

    public void Return(Chunk* chunk)
    {
        using (_gate.Enter())
        {
            _rented--;
            if (_kept < MostKept && !_isDisposed)
            {
                chunk->Next = _first;
                _first = chunk;
                _kept++;
                return;
            }
        }

        NativeMemory.AlignedFree(chunk);
    }

    public void Dispose()
    {
        Chunk* chunk;
        using (_gate.Enter())
        {
            _isDisposed = true;
            chunk = _first;
            _first = null;
            _kept = 0;
        }

        while (chunk is not null)
        {
            Chunk* next = chunk->Next;
            NativeMemory.AlignedFree(chunk);
            chunk = next;
        }
    }
}
