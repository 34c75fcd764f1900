using System.Diagnostics.CodeAnalysis;

namespace Treeline;

/// <summary>
/// A lock for sections of a few dozen instructions that run no user code: one compare-and-swap to enter, one store to
/// leave, four bytes. It is not reentrant. Who holds two took them in the order that the types they belong to lay down.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> <c>_taken</c> is 0 or 1. Entering swaps 0 to 1 (a full fence); leaving stores 0 with release order,
/// which the next swap acquires. A thread that finds it taken spins for some microseconds and then gives up its time
/// slice: the holder may have been preempted, and on one core it cannot go on until somebody yields.
/// </remarks>
internal struct Gate
{
    // While somebody else is in, looking too often makes the cache line travel for every section of theirs. Some 300 ns let
    // them do several in a row, from their own cache, and two threads at one gate get more done.
    private const int PausesALook = 8;
    private const int LooksBeforeYielding = 50;

    private int _taken;

    /// <summary>Enters; leave by disposing what it returns.</summary>
    [UnscopedRef]
    public Holding Enter()
    {
        if (Interlocked.CompareExchange(ref _taken, 1, 0) != 0)
        {
            EnterContended();
        }

        return new Holding(ref _taken);
    }

    private void EnterContended()
    {
        int looks = 0;
        do
        {
            if (++looks <= LooksBeforeYielding)
            {
                Thread.SpinWait(PausesALook);
            }
            else if (looks % 8 != 0)
            {
                Thread.Yield();
            }
            else
            {
                Thread.Sleep(0); // also to a thread that is ready on another core
            }
        }
        while (Volatile.Read(ref _taken) != 0 || Interlocked.CompareExchange(ref _taken, 1, 0) != 0);
    }

    /// <summary>The time between entering and leaving.</summary>
    internal readonly ref struct Holding
    {
        private readonly ref int _taken;

        internal Holding(ref int taken) => _taken = ref taken;

        public void Dispose() => Volatile.Write(ref _taken, 0);
    }
}
