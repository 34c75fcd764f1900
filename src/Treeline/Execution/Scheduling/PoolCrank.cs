using System.Diagnostics;

namespace Treeline;

/// <summary>
/// Turns workers by work items of the .NET thread pool. A worker that is parked has none. One that has run for a quantum
/// goes to the end of the pool's queue, if there is something in it.
/// </summary>
/// <param name="quantum">How long a worker stays on its thread while others wait for it. Null: 300 µs.</param>
internal sealed class PoolCrank(TimeSpan? quantum = null) : Crank
{
    private const int MostDispatchesPerLook = 16;

    private readonly long _quantum = (long)((quantum ?? TimeSpan.FromMicroseconds(300)).TotalSeconds * Stopwatch.Frequency);

    public override void Wake(Worker worker) => ThreadPool.UnsafeQueueUserWorkItem(worker, preferLocal: false);

    public override void Begin(Worker worker)
    {
        long now = Stopwatch.GetTimestamp();
        worker.Quantum = new QuantumClock { Start = now, LastLook = now, LookEvery = 1 };
        worker.UntilLook = 1;
    }

    public override bool Leaves(Worker worker)
    {
        // Looks at the clock some ten times in a quantum: often enough, whatever a dispatch takes, and cheap if it is short.
        ref QuantumClock clock = ref worker.Quantum;
        long now = Stopwatch.GetTimestamp();
        long since = now - clock.LastLook;
        clock.LookEvery = since < _quantum / 16 ? Math.Min(clock.LookEvery * 2, MostDispatchesPerLook)
            : since > _quantum / 4 ? 1
            : clock.LookEvery;
        clock.LastLook = now;
        worker.UntilLook = clock.LookEvery;
        if (now - clock.Start < _quantum)
        {
            return false;
        }

        clock.Start = now;
        return ThreadPool.PendingWorkItemCount > 0;
    }

    public override bool AwaitWakeUp(Worker worker) => false;
}
