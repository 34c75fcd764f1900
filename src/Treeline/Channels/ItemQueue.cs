using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>
/// Items in the order they came, in chunks: growing copies nothing, so whoever holds a gate over it holds it briefly however
/// much there is in it. Chunks that have been emptied are used again, so that a queue of steady length allocates nothing.
/// </summary>
/// <remarks>Not synchronized: it belongs to the gate of the channel whose it is.</remarks>
/// <param name="most">How many items there may ever be; sizes the chunks.</param>
internal struct ItemQueue<T>(int most)
{
    private const int LargestChunk = 128;
    private const int MostSpares = 32;

    private readonly int _chunkSize = Math.Min(most, LargestChunk);

    // From the chunk of the oldest item to that of the newest.
    private Chunk? _first;
    private Chunk? _last;
    private int _head;
    private int _tail;

    private Chunk? _spare;
    private int _spares;

    /// <summary>How many items there are.</summary>
    public int Count { get; private set; }

    public void Enqueue(T item)
    {
        Chunk? last = _last;
        if (last is null || _tail == last.Slots.Length)
        {
            last = Append();
        }

        last.Slots[_tail++].Item = item;
        Count++;
    }

    /// <summary>Takes the oldest. There is one.</summary>
    public T Dequeue()
    {
        Chunk first = _first!;
        if (_head == first.Slots.Length)
        {
            first = Advance(first);
        }

        ref Slot slot = ref first.Slots[_head++];
        T item = slot.Item;
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            slot.Item = default!;
        }

        if (--Count == 0)
        {
            // The newest was in the same chunk. From the start again: what is in the cache is used first.
            _head = 0;
            _tail = 0;
        }

        return item;
    }

    private Chunk Append()
    {
        Chunk? chunk = _spare;
        if (chunk is null)
        {
            chunk = new Chunk(_chunkSize);
        }
        else
        {
            _spare = chunk.Next;
            chunk.Next = null;
            _spares--;
        }

        if (_last is { } last)
        {
            last.Next = chunk;
        }
        else
        {
            _first = chunk;
        }

        _last = chunk;
        _tail = 0;
        return chunk;
    }

    private Chunk Advance(Chunk empty)
    {
        Chunk first = empty.Next!;
        _first = first;
        _head = 0;
        empty.Next = null;
        if (_spares < MostSpares)
        {
            empty.Next = _spare;
            _spare = empty;
            _spares++;
        }

        return first;
    }

    /// <summary>One element; a struct, so that storing needs no check of the array's type.</summary>
    private struct Slot
    {
        public T Item;
    }

    private sealed class Chunk(int size)
    {
        public readonly Slot[] Slots = new Slot[size];
        public Chunk? Next;
    }
}
