namespace Treeline;

/// <summary>
/// What hangs below a node, and what keeps the node open: the list of its nested nodes and the count of holds.
/// </summary>
/// <remarks>
/// <para><b>Protocol.</b> <see cref="_held"/> is changed by interlocked operations only, each of which is a full fence.
/// Its lower half counts the ordinary holds: one for own work, one for each child and for each scope around a body, and
/// the credit. Its upper half counts scopes opened by hand, which end at the latest with the node; its topmost bit but
/// one says that own work has ended. Whoever brings the counts to zero closes the node, exactly once; from zero they
/// never rise, so a closed node adopts nobody. Whoever brings the lower half to zero while the upper is not ends those
/// scopes.</para>
/// <para><b>Credit.</b> While own work runs, holds for children are taken <see cref="CreditSize"/> at a time. A spawner
/// then writes only to what <see cref="Gate"/> owns, and children that end on another core only to <see cref="_held"/>:
/// neither takes the other's cache line at every step. Own work gives back what is left when it ends.</para>
/// <para><b>Owners.</b> All other fields, and the links of the nodes in the list, belong to <see cref="Gate"/>. Nodes that
/// are not children leave the list as they close. Children only mark themselves as ended; the list is swept when at least
/// half of it has ended (so, O(1) a child), and when the node closes.</para>
/// </remarks>
internal struct Nest
{
    public Gate Gate;

    /// <summary>The head of the list, newest first; owner: <see cref="Gate"/>.</summary>
    public TreeNode? Newest;

    private const int CreditSize = 64;
    private const long OneLeftover = 1L << 32;
    private const long Ended = 1L << 62;

    private int _linked;
    private int _credit;
    private long _held;

    /// <summary>True once own work has ended; what is nested may still run.</summary>
    public readonly bool OwnWorkEnded => (Volatile.Read(in _held) & Ended) != 0;

    /// <summary>True once the last hold has gone.</summary>
    public readonly bool IsClosed => (Volatile.Read(in _held) & ~Ended) == 0;

    /// <summary>How many nested nodes hold it open; exact once own work has ended.</summary>
    public readonly int Holders
    {
        get
        {
            long held = Volatile.Read(in _held) & ~Ended;
            return (int)(uint)held + (int)(held >> 32);
        }
    }

    /// <summary>A node is born with one hold, its own work's.</summary>
    public static Nest HeldByOwnWork() => new() { _held = 1 };

    /// <summary>Takes a hold, unless the node is closed, or only scopes that end with it hold it and this is another.</summary>
    public bool TryHold(bool leftover = false)
    {
        long held = Volatile.Read(ref _held);
        while ((held & ~Ended) != 0 && !(leftover && (uint)held == 0))
        {
            long seen = Interlocked.CompareExchange(ref _held, held + (leftover ? OneLeftover : 1), held);
            if (seen == held)
            {
                return true;
            }

            held = seen;
        }

        return false;
    }

    /// <summary>Takes a hold for a child. Called under <see cref="Gate"/>.</summary>
    public bool TryHoldForChild()
    {
        if (_credit > 0)
        {
            _credit--;
            return true;
        }

        if (OwnWorkEnded)
        {
            return TryHold();
        }

        long held = Interlocked.Add(ref _held, CreditSize);
        _credit = CreditSize - 1;
        int alive = (int)(uint)held - CreditSize;
        if (_linked - alive > Math.Max(CreditSize / 2, alive))
        {
            Sweep();
        }

        return true;
    }

    /// <summary>Gives holds back. True: that was the last, and the caller closes the node.</summary>
    /// <param name="count">How many ordinary ones; 0: that of one scope that ends with the node.</param>
    /// <param name="onlyLeftovers">True: now only scopes that end with the node hold it; the caller ends them.</param>
    public bool Release(int count, out bool onlyLeftovers)
    {
        long held = Interlocked.Add(ref _held, count == 0 ? -OneLeftover : -count) & ~Ended;
        onlyLeftovers = count != 0 && (uint)held == 0 && held != 0;
        return held == 0;
    }

    /// <summary>
    /// Gives own work's hold back. False when it had ended before. Scopes that end with it are added to
    /// <paramref name="left"/>.
    /// </summary>
    /// <param name="mayHaveChildren">True: there may be credit to give back, which the gate owns.</param>
    /// <param name="left">Where those scopes go.</param>
    /// <param name="closed">True: it was the last hold, and the caller closes the node.</param>
    public bool TryEndOwnWork(bool mayHaveChildren, ref List<CancelScope>? left, out bool closed)
    {
        closed = false;
        long rest;
        if (mayHaveChildren)
        {
            using (Gate.Enter())
            {
                if (!TryEndOwnWork(1 + _credit, out rest))
                {
                    return false;
                }

                _credit = 0;
            }
        }
        else if (!TryEndOwnWork(1, out rest))
        {
            return false;
        }

        closed = rest == 0;
        if (rest >= OneLeftover)
        {
            using (Gate.Enter())
            {
                CollectLeftovers(ref left, all: (uint)rest == 0);
            }
        }

        return true;
    }

    /// <summary>Puts a node in the list. Called under <see cref="Gate"/>.</summary>
    public void Link(TreeNode nested)
    {
        nested.Older = Newest;
        nested.Newer = null;
        if (Newest is not null)
        {
            Newest.Newer = nested;
        }

        Newest = nested;
        _linked++;
    }

    /// <summary>Takes a node out of the list. Called under <see cref="Gate"/>.</summary>
    public void Unlink(TreeNode nested)
    {
        if (nested.Newer is null)
        {
            Newest = nested.Older;
        }
        else
        {
            nested.Newer.Older = nested.Older;
        }

        if (nested.Older is not null)
        {
            nested.Older.Newer = nested.Newer;
        }

        nested.Newer = nested.Older = null;
        _linked--;
    }

    /// <summary>Adds the scopes that end with the node, oldest first. Called under <see cref="Gate"/>.</summary>
    /// <param name="left">Where they go.</param>
    /// <param name="all">False: those only that the node's own code has opened.</param>
    public readonly void CollectLeftovers(ref List<CancelScope>? left, bool all)
    {
        left ??= [];
        int start = left.Count;
        for (TreeNode? node = Newest; node is not null; node = node.Older)
        {
            if (node.EndsWithItsOwner && (all || !((CancelScope)node).OpenedBelow))
            {
                left.Add((CancelScope)node);
            }
        }

        left.Reverse(start, left.Count - start);
    }

    /// <summary>Takes children that have ended out of the list, and lets their objects be used again. Called under <see cref="Gate"/>.</summary>
    public void Sweep()
    {
        TreeNode? node = Newest;
        while (node is not null)
        {
            TreeNode? older = node.Older;
            if (node is ChildNode { IsCompleted: true } child)
            {
                Unlink(child);
                child.Recycle();
            }

            node = older;
        }
    }

    private bool TryEndOwnWork(int holds, out long rest)
    {
        long held = Volatile.Read(ref _held);
        while ((held & Ended) == 0)
        {
            long seen = Interlocked.CompareExchange(ref _held, (held - holds) | Ended, held);
            if (seen == held)
            {
                rest = held - holds;
                return true;
            }

            held = seen;
        }

        rest = 0;
        return false;
    }
}
