using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>
/// Objects to use again, kept on the worker that frees them: renting and returning there are a few plain instructions. A
/// worker that only frees feeds one that only rents, by the chunk. Threads that drive no worker share one, under a gate.
/// </summary>
/// <remarks>
/// The scheme is Bonwick and Adams's ("Magazines and Vmem", USENIX 2001): a worker holds a loaded chunk and a spare one,
/// so that going back and forth over the edge of one chunk does not go to the depot each time.
/// <para>
/// <b>Protocol.</b> A shelf belongs to its worker, which one thread drives at a time; nothing in it is atomic, and what
/// hands a worker from thread to thread orders it; the shared one to <c>s_sharedGate</c>, inside which <c>s_gate</c> may be
/// taken. The depot belongs to <c>s_gate</c>; its chunks are full. A returned object belongs to the pool: whoever returns it
/// knows that nobody else touches it any more.
/// </para>
/// <para>
/// The ways in are inlined: where the type is known, so are then its index and the type of its shelf, which code shared by all
/// types would look up.
/// </para>
/// <para>
/// Everything is capped: what is kept for long moves to the old generation, where each store into it costs a card.
/// </para>
/// </remarks>
internal static class Pool<T>
    where T : class
{
    private const int ChunkSize = 128;
    private const int DepotSize = 32;

    private static readonly int s_index = PoolIndex.Next();
    private static readonly Slot[]?[] s_depot = new Slot[]?[DepotSize];
    private static Gate s_gate;
    private static int s_stored;

    // What threads that drive no worker share.
    private static readonly Shelf s_shared = new();
    private static Gate s_sharedGate;

    /// <summary>An object to use again, or null: make one then.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T? TryRent() => WorkerThread.Current.Worker is { } worker ? ShelfOf(worker).TryPop() : TryRentShared();

    /// <summary>Keeps <paramref name="item"/> for later, if there is room.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Return(T item)
    {
        if (WorkerThread.Current.Worker is { } worker)
        {
            ShelfOf(worker).Push(item);
        }
        else
        {
            ReturnShared(item);
        }
    }

    private static T? TryRentShared()
    {
        using (s_sharedGate.Enter())
        {
            return s_shared.TryPop();
        }
    }

    private static void ReturnShared(T item)
    {
        using (s_sharedGate.Enter())
        {
            s_shared.Push(item);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Shelf ShelfOf(Worker worker)
    {
        object?[] pools = worker.Pools;
        return (uint)s_index < (uint)pools.Length && pools[s_index] is Shelf shelf ? shelf : NewShelf(worker);
    }

    private static Shelf NewShelf(Worker worker)
    {
        object?[] pools = worker.Pools;
        if (s_index >= pools.Length)
        {
            Array.Resize(ref pools, Math.Max(s_index + 1, pools.Length * 2));
            worker.Pools = pools;
        }

        var shelf = new Shelf();
        pools[s_index] = shelf;
        return shelf;
    }

    /// <summary>Exchanges a chunk in use up for a full one. False if there is none.</summary>
    private static bool TryTakeFull(ref Slot[] empty)
    {
        // Stale is harmless: it costs one object.
        if (Volatile.Read(ref s_stored) == 0)
        {
            return false;
        }

        using (s_gate.Enter())
        {
            if (s_stored == 0)
            {
                return false;
            }

            // The empty array takes the place of the full one, so that giving chunks allocates none.
            s_stored--;
            (s_depot[s_stored], empty) = (empty, s_depot[s_stored]!);
            return true;
        }
    }

    /// <summary>Exchanges a full chunk for an empty one, or for none.</summary>
    private static void GiveFull(ref Slot[]? full)
    {
        using (s_gate.Enter())
        {
            if (s_stored < DepotSize)
            {
                (s_depot[s_stored], full) = (full, s_depot[s_stored]);
                s_stored++;
            }
        }

        // No room: its objects go to the collector. Otherwise this is an empty array already, or none.
        Array.Clear(full ?? []);
    }

    /// <summary>One element; a struct, so that storing needs no check of the array's type.</summary>
    private struct Slot
    {
        public T? Item;
    }

    private sealed class Shelf
    {
        private Slot[] _loaded = new Slot[ChunkSize];
        private Slot[]? _spare;
        private int _count;
        private bool _spareIsFull;

        public T? TryPop()
        {
            if (_count == 0 && !TryLoad())
            {
                return null;
            }

            ref Slot slot = ref _loaded[--_count];
            T? item = slot.Item;
            slot.Item = null;
            return item;
        }

        public void Push(T item)
        {
            if (_count == ChunkSize)
            {
                Unload();
            }

            _loaded[_count++].Item = item;
        }

        private bool TryLoad()
        {
            if (_spareIsFull)
            {
                (_loaded, _spare) = (_spare!, _loaded);
                _spareIsFull = false;
            }
            else if (!TryTakeFull(ref _loaded))
            {
                return false;
            }

            _count = ChunkSize;
            return true;
        }

        private void Unload()
        {
            if (_spareIsFull)
            {
                GiveFull(ref _spare);
            }

            (_loaded, _spare) = (_spare ?? new Slot[ChunkSize], _loaded);
            _spareIsFull = true;
            _count = 0;
        }
    }
}
