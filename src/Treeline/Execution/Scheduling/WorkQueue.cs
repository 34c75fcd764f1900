using System.Runtime.InteropServices;

namespace Treeline;

/// <summary>
/// The run queue of one worker: the owner puts in at the tail and takes from the head, without a lock; thieves take half
/// from the head. It grows when full.
/// </summary>
/// <remarks>
/// <para>After Tokio's <c>runtime/scheduler/multi_thread/queue.rs</c>; what is ours is that it grows instead of handing half
/// to the injector.</para>
/// <para><b>Protocol.</b> Positions count up and wrap at 2³²; position p lives in <c>buffer[p &amp; (length - 1)]</c>.
/// <c>Head</c> holds two of them, <c>steal ≤ real ≤ Tail</c>. What is in <c>[real, Tail)</c> is queued. What is in
/// <c>[steal, real)</c> belongs to one thief that is copying it; while there is one (steal ≠ real) no other thief begins,
/// and the owner does not write to its slots. Everybody changes <c>Head</c> by compare-and-swap; only the owner writes
/// <c>Tail</c> and <c>_buffer</c>.</para>
/// <para><b>Owner.</b> Push: fill the slot, then store <c>Tail</c> with release order, which pairs with the thief's acquiring
/// read. Pop: swap real to real + 1 (and steal with it, if there is no thief), then empty the slot: it is the owner's alone.
/// Grow: copy <c>[steal, Tail)</c> to a buffer of twice the length and store <c>_buffer</c> with release order, before the
/// <c>Tail</c> that needs it. The old buffer is never written again by the owner.</para>
/// <para><b>Thief.</b> Read <c>Head</c>, then <c>Tail</c>; swap real to real + n: from here the range is its own. Read
/// <c>_buffer</c>, which is at least the one that the <c>Tail</c> needed; be it the one before or after a growth, the range
/// is in it. Copy, empty the slots, swap steal to whatever real is now. That gives the slots back to the owner, whose
/// acquiring read of <c>Head</c> pairs with it.</para>
/// <para>A thief that emptied the slots of an old buffer leaves copies in the new one, which nobody reads. The owner wipes
/// them the first time that it finds the queue empty after a growth: no thief can be at work then.</para>
/// </remarks>
internal sealed class WorkQueue
{
    private const int FirstLength = 256;

    private Slot[] _buffer = new Slot[FirstLength];
    private bool _hasGrown; // owner
    private Positions _at;

    /// <summary>Whether there is something to take. Any thread; a guess by the time the caller knows it.</summary>
    public bool HasWork => (uint)Volatile.Read(ref _at.Head) != Volatile.Read(ref _at.Tail);

    /// <summary>How much there is to take. Any thread; a guess by the time the caller knows it.</summary>
    public int Count
    {
        get
        {
            uint real = (uint)Volatile.Read(ref _at.Head);
            return Math.Max(0, (int)(Volatile.Read(ref _at.Tail) - real));
        }
    }

    /// <summary>Puts <paramref name="item"/> at the tail. Owner.</summary>
    public void Push(IThreadPoolWorkItem item)
    {
        uint tail = _at.Tail;
        Slot[] buffer = _buffer;
        if (tail - _at.KnownSteal >= (uint)buffer.Length)
        {
            // Head has gone on since, or the buffer is full. It is looked at only now: thieves have its cache line.
            _at.KnownSteal = Steal(Volatile.Read(ref _at.Head));
            if (tail - _at.KnownSteal >= (uint)buffer.Length)
            {
                buffer = Grow();
            }
        }

        buffer[tail & (uint)(buffer.Length - 1)].Item = item;
        Volatile.Write(ref _at.Tail, tail + 1);
    }

    /// <summary>Takes what is at the head; null if there is nothing. Owner.</summary>
    public IThreadPoolWorkItem? Pop()
    {
        ulong head = Volatile.Read(ref _at.Head);
        while (true)
        {
            uint real = (uint)head;
            if (real == _at.Tail)
            {
                if (_hasGrown && Steal(head) == real)
                {
                    _hasGrown = false;
                    Array.Clear(_buffer);
                }

                return null;
            }

            uint next = real + 1;
            ulong seen = Interlocked.CompareExchange(
                ref _at.Head, Pack(Steal(head) == real ? next : Steal(head), next), head);
            if (seen == head)
            {
                Slot[] buffer = _buffer;
                ref Slot slot = ref buffer[real & (uint)(buffer.Length - 1)];
                IThreadPoolWorkItem? item = slot.Item;
                slot.Item = null;
                return item;
            }

            head = seen;
        }
    }

    /// <summary>
    /// Takes half of what there is, the larger half, puts it into <paramref name="thief"/> but for one item, and returns
    /// that. Null: nothing to take, or another thief is at it. Called by the owner of <paramref name="thief"/>.
    /// </summary>
    public IThreadPoolWorkItem? StealInto(WorkQueue thief)
    {
        Slot[] into = thief._buffer;
        uint intoTail = thief._at.Tail;
        uint room = (uint)into.Length - (intoTail - Steal(Volatile.Read(ref thief._at.Head)));
        ulong head = Volatile.Read(ref _at.Head);
        uint real;
        uint taken;
        while (true)
        {
            real = (uint)head;
            uint queued = Volatile.Read(ref _at.Tail) - real;
            taken = Math.Min(queued - (queued / 2), room);
            if (Steal(head) != real || taken == 0)
            {
                return null;
            }

            // Head was read before Tail, and the queue may have gone on in between: then the count is nonsense, and the
            // swap fails.
            ulong seen = Interlocked.CompareExchange(ref _at.Head, Pack(real, real + taken), head);
            if (seen == head)
            {
                break;
            }

            head = seen;
        }

        Slot[] from = Volatile.Read(ref _buffer);
        IThreadPoolWorkItem? first = from[real & (uint)(from.Length - 1)].Item;
        from[real & (uint)(from.Length - 1)].Item = null;
        for (uint i = 1; i < taken; i++)
        {
            ref Slot slot = ref from[(real + i) & (uint)(from.Length - 1)];
            into[(intoTail + i - 1) & (uint)(into.Length - 1)].Item = slot.Item;
            slot.Item = null;
        }

        if (taken > 1)
        {
            Volatile.Write(ref thief._at.Tail, intoTail + taken - 1);
        }

        head = Pack(real, real + taken);
        while (true)
        {
            ulong seen = Interlocked.CompareExchange(ref _at.Head, Pack((uint)head, (uint)head), head);
            if (seen == head)
            {
                return first;
            }

            head = seen;
        }
    }

    private static uint Steal(ulong head) => (uint)(head >> 32);

    private static ulong Pack(uint steal, uint real) => ((ulong)steal << 32) | real;

    private Slot[] Grow()
    {
        Slot[] old = _buffer;
        var buffer = new Slot[old.Length * 2];
        for (uint at = Steal(Volatile.Read(ref _at.Head)); at != _at.Tail; at++)
        {
            buffer[at & (uint)(buffer.Length - 1)] = old[at & (uint)(old.Length - 1)];
        }

        _hasGrown = true;
        Volatile.Write(ref _buffer, buffer);
        return buffer;
    }

    // Thieves write Head and read Tail: each has its cache line, and the pair that is fetched with it, for itself.
    [StructLayout(LayoutKind.Explicit, Size = 384)]
    private struct Positions
    {
        [FieldOffset(128)]
        public ulong Head;

        [FieldOffset(256)]
        public uint Tail;

        /// <summary>Where thieves were when the owner last looked; they are there or further on. Owner.</summary>
        [FieldOffset(260)]
        public uint KnownSteal;
    }
}
