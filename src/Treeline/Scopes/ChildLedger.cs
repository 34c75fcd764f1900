using System.Diagnostics.CodeAnalysis;

namespace Treeline;

/// <summary>
/// What a scope keeps about its children beyond their being there, if its options ask for it: how they have ended (for a
/// policy that counts), and who waits for a place (under a limit).
/// </summary>
/// <remarks>
/// <b>Protocol.</b> Everything belongs to <c>_gate</c>. A child that gets a place is marked so before it is launched, and
/// whoever ends it gives the place to the next in line. Who queues after the scope was cancelled, and before the queue was
/// emptied for that, is in the queue that is emptied; who queues later sees the cancellation and empties it again.
/// </remarks>
internal sealed class ChildLedger
{
    private readonly Queue<ChildNode> _waiting = new();
    private Gate _gate;
    private int _free;
    private ChildTally _tally;

    /// <param name="counts">Whether ends are counted.</param>
    /// <param name="limit">How many children run at a time; null: any number.</param>
    public ChildLedger(bool counts, int? limit)
    {
        Counts = counts;
        Limit = limit;
        _free = limit ?? 0;
    }

    /// <summary>Whether the policy wants to know of each end.</summary>
    public bool Counts { get; }

    /// <summary>How many children run at a time; null: any number.</summary>
    public int? Limit { get; }

    public ChildTally Tally
    {
        get
        {
            using (_gate.Enter())
            {
                return _tally;
            }
        }
    }

    /// <summary>True: the child has a place and is to be launched. False: it waits in the queue.</summary>
    public bool TryEnter(ChildNode child)
    {
        using (_gate.Enter())
        {
            if (_free == 0)
            {
                _waiting.Enqueue(child);
                return false;
            }

            _free--;
        }

        child.GivePlace();
        return true;
    }

    /// <summary>
    /// A child that had a place has ended. The next in line: it has got the place if <paramref name="passOn"/>, else it is
    /// to end without having begun. Null if nobody waits.
    /// </summary>
    public ChildNode? Leave(bool passOn)
    {
        ChildNode? next;
        using (_gate.Enter())
        {
            bool waits = _waiting.TryDequeue(out next);
            if (!waits || !passOn)
            {
                _free++;
            }
        }

        if (passOn)
        {
            next?.GivePlace();
        }

        return next;
    }

    /// <summary>Takes a child out that waits for a place and will not get one.</summary>
    public bool TryDrop([NotNullWhen(true)] out ChildNode? child)
    {
        using (_gate.Enter())
        {
            return _waiting.TryDequeue(out child);
        }
    }

    /// <summary>Counts an end.</summary>
    public ChildTally Count(NodeState end)
    {
        using (_gate.Enter())
        {
            return _tally = end switch
            {
                NodeState.Succeeded => _tally with { Succeeded = _tally.Succeeded + 1 },
                NodeState.Failed => _tally with { Failed = _tally.Failed + 1 },
                _ => _tally with { Cancelled = _tally.Cancelled + 1 },
            };
        }
    }
}
