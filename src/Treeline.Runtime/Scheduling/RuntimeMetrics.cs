namespace Treeline;

/// <summary>What a runtime has done so far and has to do now: numbers read one after the other while they change.</summary>
/// <param name="Driver">What its workers wait in: <c>epoll</c>, <c>io_uring</c>, <c>portable</c>.</param>
/// <param name="DriverNote">Why it is not the driver one would expect; null: it is.</param>
/// <param name="Workers">Each worker, those included that stand in for others that are blocked.</param>
/// <param name="InjectedDepth">How much work was scheduled from outside and waits.</param>
/// <param name="HandOffs">How often a worker was blocked by its work, and another took its place.</param>
/// <param name="SlowPolls">How often code has kept a worker for too long; see <see cref="RuntimeBuilder.OnSlowPoll"/>.</param>
/// <param name="BlockingThreads">How many threads there are for blocking work.</param>
/// <param name="BlockingDepth">How much blocking work waits for a thread.</param>
public sealed record RuntimeMetrics(
    string Driver,
    string? DriverNote,
    IReadOnlyList<WorkerMetrics> Workers,
    int InjectedDepth,
    long HandOffs,
    long SlowPolls,
    int BlockingThreads,
    int BlockingDepth)
{
    internal static RuntimeMetrics Of(RuntimeHandle runtime)
    {
        BlockingPool blocking = runtime.Blocking ?? BlockingPool.Shared;
        return new RuntimeMetrics(
            runtime.Cores[0].Seat.Driver.Name,
            runtime.Cores[0].Seat.Driver.Note,
            [.. runtime.Cores.SelectMany(static core => core.Scheduler.Idle.All).Select(WorkerMetrics.Of)],
            runtime.Cores.Sum(static core => core.Scheduler.Injected),
            runtime.Cores.Sum(static core => core.Scheduler.Monitor?.HandOffs ?? 0),
            runtime.Cores.Sum(static core => core.Busy.Count),
            blocking.Threads,
            blocking.Queued);
    }
}
