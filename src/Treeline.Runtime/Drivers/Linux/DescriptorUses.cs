namespace Treeline.Drivers.Linux;

/// <summary>Counts who may be in a call of the system with a descriptor, so that its number is never used after it was closed, when it may be another's.</summary>
/// <remarks>
/// <b>Protocol.</b> The count begins with one use, for being open. It only goes up while it is not 0, by compare-and-swap; whoever takes it
/// to 0 closes the descriptor. Atomic operations, so full fences: what anybody did in his use came before the closing.
/// </remarks>
internal struct DescriptorUses
{
    private int _count = 1;

    public DescriptorUses()
    {
    }

    /// <summary>Begins a use. False: there is none any more, and the descriptor is closed or about to be.</summary>
    public bool TryBegin()
    {
        int count = Volatile.Read(ref _count);
        while (count != 0)
        {
            int seen = Interlocked.CompareExchange(ref _count, count + 1, count);
            if (seen == count)
            {
                return true;
            }

            count = seen;
        }

        return false;
    }

    /// <summary>Ends a use. True: it was the last, and the caller closes the descriptor.</summary>
    public bool End() => Interlocked.Decrement(ref _count) == 0;
}
