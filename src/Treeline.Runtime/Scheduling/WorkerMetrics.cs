using System.Diagnostics;

namespace Treeline;

/// <summary>What a worker of a runtime has done so far and has to do now.</summary>
/// <param name="IsSpare">True: it stands in for one that is blocked.</param>
/// <param name="IsParked">Whether it has nothing to do.</param>
/// <param name="Polls">How many steps of tasks it has run, modulo 2³².</param>
/// <param name="Steals">How often it took work from another worker, modulo 2³².</param>
/// <param name="Parks">How often it ran out of work, modulo 2³².</param>
/// <param name="QueueDepth">How much work waits in its queue.</param>
/// <param name="BusyTime">How long it has had something to do.</param>
public sealed record WorkerMetrics(
    bool IsSpare,
    bool IsParked,
    uint Polls,
    uint Steals,
    uint Parks,
    int QueueDepth,
    TimeSpan BusyTime)
{
    internal static WorkerMetrics Of(Worker worker)
    {
        WorkerState state = worker.State;
        long busy = worker.BusyTime;
        long start = Volatile.Read(ref worker.Quantum.Start);
        if (state != WorkerState.Parked && start != 0)
        {
            busy += Stopwatch.GetTimestamp() - start;
        }

        return new WorkerMetrics(
            worker.IsSpare,
            state == WorkerState.Parked,
            worker.Dispatches,
            worker.Steals,
            worker.Parks,
            worker.Queue.Count + (worker.HasLifo ? 1 : 0),
            Stopwatch.GetElapsedTime(0, busy));
    }
}
