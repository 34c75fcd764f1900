using System.Diagnostics;

namespace Treeline;

/// <summary>
/// Who holds a primitive, and who is to: makes a guard release exactly once, whatever copies there are of it, and tells deadlock
/// reports the holders. A field of the primitive; touched under its gate only.
/// </summary>
/// <remarks>
/// A hold has its place from the call that asks for it, so that the guard exists before it is given:
/// <code>
///   free ──Add──▶ Waiting ──Grant──▶ Held ──TryRelease──▶ free
///                    │               │  ▲
///                  Drop ──▶ free     │  └──Grant──┐
///                                    └──SetAside──▶ Aside
/// </code>
/// A hold that is set aside keeps its ticket. Free places are a stack: one that was just used is used again.
/// </remarks>
internal struct HoldTable
{
    // Whoever waits for one of more than this many is hardly in a deadlock, and each who waits would list them all.
    private const int MostNamed = 64;

    // The gate is held meanwhile.
    private const int MostLookedAt = 4096;

    private const int InitialSize = 4;

    private Place[]? _places;

    // One more than the first free place; the others follow in Next. 0: none.
    private int _free;
    private int _lastNumber;

    private int _heldCount;

    private enum Stage : byte
    {
        Free,
        Waiting,
        Held,
        Aside,
    }

    /// <summary>Makes a place for somebody who is to hold <paramref name="amount"/>.</summary>
    public HoldTicket Add(in Holder who, int amount)
    {
        if (_free == 0)
        {
            Grow();
        }

        int slot = _free - 1;
        ref Place place = ref _places![slot];
        _free = place.Next;
        _lastNumber = _lastNumber == int.MaxValue ? 1 : _lastNumber + 1;
        place.Number = _lastNumber;
        place.Node = who.Node;
        place.Life = who.Life;
        place.Amount = amount;
        place.Stage = Stage.Waiting;
        return new HoldTicket(slot, _lastNumber);
    }

    /// <summary>As <see cref="Add"/> and <see cref="Grant"/>.</summary>
    public HoldTicket AddHeld(in Holder who, int amount)
    {
        HoldTicket ticket = Add(who, amount);
        Grant(ticket);
        return ticket;
    }

    /// <summary>Who waits holds from now on.</summary>
    public void Grant(HoldTicket ticket)
    {
        Debug.Assert(Is(ticket, Stage.Waiting) || Is(ticket, Stage.Aside), "Whoever is granted something waits for it.");
        _places![ticket.Slot].Stage = Stage.Held;
        _heldCount++;
    }

    /// <summary>Ends a hold, once; false if it has ended before.</summary>
    public bool TryRelease(HoldTicket ticket, out int amount)
    {
        if (!Is(ticket, Stage.Held))
        {
            amount = 0;
            return false;
        }

        amount = _places![ticket.Slot].Amount;
        _heldCount--;
        Free(ticket.Slot);
        return true;
    }

    /// <summary>Whoever waited gave up. Does nothing if that is known, or the ticket is nobody's.</summary>
    public void Drop(HoldTicket ticket)
    {
        if (Is(ticket, Stage.Waiting))
        {
            Free(ticket.Slot);
        }
    }

    /// <summary>Who holds lets go for a time; false if it does not hold.</summary>
    public bool TrySetAside(HoldTicket ticket)
    {
        if (!Is(ticket, Stage.Held))
        {
            return false;
        }

        _heldCount--;
        _places![ticket.Slot].Stage = Stage.Aside;
        return true;
    }

    /// <summary>What <paramref name="ticket"/> asks for or holds.</summary>
    public readonly int AmountOf(HoldTicket ticket) => _places![ticket.Slot].Amount;

    /// <summary>Whether it has let go for a time.</summary>
    public readonly bool IsAside(HoldTicket ticket) => Is(ticket, Stage.Aside);

    /// <summary>Adds all who hold; none if one of them is not known, or there are very many places to look at.</summary>
    public readonly void AddHolders(List<NodeRef> into)
    {
        if (_heldCount is 0 or > MostNamed || _places!.Length > MostLookedAt)
        {
            return;
        }

        int before = into.Count;
        foreach (ref readonly Place place in _places.AsSpan())
        {
            if (place.Stage != Stage.Held)
            {
                continue;
            }

            if (place.Node is null)
            {
                into.RemoveRange(before, into.Count - before);
                return;
            }

            into.Add(new NodeRef(place.Node, place.Life));
        }
    }

    private readonly bool Is(HoldTicket ticket, Stage stage)
    {
        Place[]? places = _places;
        return places is not null
            && (uint)ticket.Slot < (uint)places.Length
            && places[ticket.Slot].Number == ticket.Number
            && places[ticket.Slot].Stage == stage;
    }

    private void Free(int slot)
    {
        ref Place place = ref _places![slot];
        place.Stage = Stage.Free;
        place.Node = null;
        place.Next = _free;
        _free = slot + 1;
    }

    private void Grow()
    {
        int size = _places?.Length ?? 0;
        Array.Resize(ref _places, size == 0 ? InitialSize : size * 2);
        for (int slot = _places.Length - 1; slot >= size; slot--)
        {
            _places[slot].Next = _free;
            _free = slot + 1;
        }
    }

    private struct Place
    {
        public TreeNode? Node;
        public int Life;
        public int Number;
        public int Amount;

        // Of a free one: the next, as in _free.
        public int Next;
        public Stage Stage;
    }
}
