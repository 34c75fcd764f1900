namespace Treeline.App.Wire;

/// <summary>The runtime that jobs run on, as <see cref="StatusBody"/> shows it.</summary>
/// <param name="Driver">What its workers wait in.</param>
/// <param name="DriverNote">Why it is not the driver one would expect; null: it is.</param>
/// <param name="Workers">How many there are, without those that stand in for others.</param>
/// <param name="Polls">How many steps of tasks they have run.</param>
/// <param name="Steals">How often one took work from another.</param>
/// <param name="Queued">How much work waits for them.</param>
/// <param name="HandOffs">How often one was blocked by its work, and another took its place.</param>
/// <param name="SlowPolls">How often code has kept one for too long.</param>
internal sealed record RuntimeBody(
    string Driver,
    string? DriverNote,
    int Workers,
    long Polls,
    long Steals,
    int Queued,
    long HandOffs,
    long SlowPolls)
{
    public static RuntimeBody Of(RuntimeMetrics metrics) => new(
        metrics.Driver,
        metrics.DriverNote,
        metrics.Workers.Count(static worker => !worker.IsSpare),
        metrics.Workers.Sum(static worker => (long)worker.Polls),
        metrics.Workers.Sum(static worker => (long)worker.Steals),
        metrics.InjectedDepth + metrics.Workers.Sum(static worker => worker.QueueDepth),
        metrics.HandOffs,
        metrics.SlowPolls);
}
