using System.Diagnostics;
using System.Numerics;

namespace Treeline;

/// <summary>
/// Timers by the tick they are due at: setting and taking away one cost the same however many there are, and allocate
/// nothing. Not for several threads at once: see <see cref="TimerShard"/>.
/// </summary>
/// <remarks>
/// A hierarchy of wheels (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", SOSP 1987), laid out as Tokio's
/// (<c>tokio/src/runtime/time/wheel</c>): six levels of 64 slots. A slot of the lowest is one tick, a slot of each other
/// the whole of the level below. A timer stands in the lowest level on which its slot is not the current one: where its
/// tick first differs from the time, six bits at a time. When the time comes to a slot of a higher level, what is in it is sorted
/// into the levels below. A word for each level says which of its slots are occupied, so empty time costs nothing.
/// <para>
/// Sorting a slot goes timer by timer, in steps that the caller bounds: a million that wait for the same hour do not keep
/// the gate.
/// </para>
/// </remarks>
internal sealed class TimerWheel
{
    /// <summary>No tick at all.</summary>
    public const long Never = long.MaxValue;

    private const int Levels = 6;
    private const int SlotBits = 6;
    private const int SlotsOfLevel = 1 << SlotBits;
    private const int Sorting = Levels * SlotsOfLevel;

    // More than two years of milliseconds. What is due later waits in the farthest slot and is sorted in again from there.
    private const long Farthest = (SlotsOfLevel - 1L) << ((Levels - 1) * SlotBits);

    // The last is not a slot of a level: what came out of one and is being sorted in.
    private readonly WheelTimer?[] _slots = new WheelTimer?[Sorting + 1];
    private readonly ulong[] _occupied = new ulong[Levels];
    private long _time;

    /// <summary>How many timers are set.</summary>
    public int Count { get; private set; }

    /// <summary>The earliest tick at which something is to be done, which may be before the first timer is due.</summary>
    public long Next => _slots[Sorting] is not null ? _time : NextOf(LowestOccupied());

    /// <summary>Sets <paramref name="timer"/>, which is not set, for <paramref name="tick"/>.</summary>
    /// <param name="timer">The timer.</param>
    /// <param name="tick">When it is due; what is past is due next.</param>
    /// <param name="now">What tick it is.</param>
    public void Add(WheelTimer timer, long tick, long now)
    {
        Debug.Assert(timer.Next is null, "A timer is set once.");
        if (Count++ == 0 && now > _time)
        {
            _time = now; // nothing lies between: it need not be walked through
        }

        timer.Tick = tick;
        Sort(timer);
    }

    /// <summary>Takes <paramref name="timer"/> away, if it is set.</summary>
    public void Remove(WheelTimer timer)
    {
        if (timer.Next is not null)
        {
            Unlink(timer);
            timer.Leave();
            Count--;
        }
    }

    /// <summary>Moves the time on and takes out a timer that is due by then, of the earliest tick there is.</summary>
    /// <param name="now">The tick up to which they are due.</param>
    /// <param name="steps">How many timers and slots to touch at most.</param>
    /// <param name="unfinished">True: null only means that the steps are used up. Call again.</param>
    public WheelTimer? TakeDue(long now, int steps, out bool unfinished)
    {
        for (int step = 0; step < steps; step++)
        {
            if (_slots[Sorting] is { } first)
            {
                Unlink(first);
                Sort(first);
                continue;
            }

            int level = LowestOccupied();
            long next = NextOf(level);
            if (next > now)
            {
                _time = Math.Max(_time, now);
                unfinished = false;
                return null;
            }

            _time = next;
            ref WheelTimer? slot = ref _slots[SlotOf(next, level)];
            if (level == 0)
            {
                WheelTimer due = slot!;
                Remove(due);
                unfinished = false;
                return due;
            }

            (_slots[Sorting], slot) = (slot, null);
            _occupied[level] &= ~BitOf(next, level);
        }

        unfinished = true;
        return null;
    }

    private static int SlotOf(long tick, int level) => (level * SlotsOfLevel) + ((int)(tick >> (level * SlotBits)) & (SlotsOfLevel - 1));

    private static ulong BitOf(long tick, int level) => 1UL << (int)(tick >> (level * SlotBits)); // shifts count modulo 64

    /// <summary>The lowest level that is not empty, and so the one whose next slot comes first. The number of levels: none.</summary>
    private int LowestOccupied()
    {
        int level = 0;
        while (level < Levels && _occupied[level] == 0)
        {
            level++;
        }

        return level;
    }

    /// <summary>When the time comes to the next occupied slot of a level.</summary>
    private long NextOf(int level)
    {
        if (level == Levels)
        {
            return Never;
        }

        int shift = level * SlotBits;
        long current = _time >> shift;
        int ahead = BitOperations.TrailingZeroCount(BitOperations.RotateRight(_occupied[level], (int)current));
        return (current + ahead) << shift;
    }

    private void Sort(WheelTimer timer)
    {
        // Overdue: in the slot of the present tick, which is looked at next.
        long tick = _time + Math.Clamp(timer.Tick - _time, 0, Farthest);
        int level = Math.Min(BitOperations.Log2((ulong)(tick ^ _time)) / SlotBits, Levels - 1);
        timer.Slot = SlotOf(tick, level);
        ref WheelTimer? first = ref _slots[timer.Slot];
        if (first is null)
        {
            first = timer.Next = timer.Previous = timer;
            _occupied[level] |= BitOf(tick, level);
            return;
        }

        WheelTimer last = first.Previous!;
        timer.Previous = last;
        timer.Next = first;
        last.Next = first.Previous = timer;
    }

    /// <summary>Takes a timer out of its ring, whose first it may be: in its slot, or among those being sorted in.</summary>
    private void Unlink(WheelTimer timer)
    {
        WheelTimer? next = timer.Next!;
        if (ReferenceEquals(next, timer))
        {
            next = null;
        }
        else
        {
            next.Previous = timer.Previous;
            timer.Previous!.Next = next;
        }

        if (ReferenceEquals(_slots[Sorting], timer))
        {
            _slots[Sorting] = next;
        }
        else if (ReferenceEquals(_slots[timer.Slot], timer))
        {
            _slots[timer.Slot] = next;
            if (next is null)
            {
                _occupied[timer.Slot / SlotsOfLevel] &= ~(1UL << timer.Slot);
            }
        }
    }
}
