using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Treeline;

/// <summary>The metrics. Each counts while somebody listens to it.</summary>
internal static class TreeMeter
{
    private static readonly Meter s_meter = new(Telemetry.Name);

    private static readonly Counter<long> s_spawned =
        s_meter.CreateCounter<long>("treeline.spawned", "{child}", "Children that were spawned.");

    private static readonly Counter<long> s_failed =
        s_meter.CreateCounter<long>("treeline.failed", "{node}", "Nodes that ended with an error.");

    private static readonly Counter<long> s_cancelled =
        s_meter.CreateCounter<long>("treeline.cancelled", "{node}", "Nodes that ended because they were cancelled.");

    private static readonly Counter<long> s_abandoned =
        s_meter.CreateCounter<long>("treeline.abandoned", "{node}", "Nodes whose code had not ended when a scope gave up.");

    private static readonly Histogram<double> s_duration = s_meter.CreateHistogram(
        "treeline.scope.duration",
        "s",
        "From when a scope was opened until everything in it had ended.",
        tags: null,
        new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
        });

    // When scopes began, by Stopwatch.GetTimestamp; of those that did while somebody wanted to know.
    private static readonly SideTable<long> s_begun = new();

    static TreeMeter() => s_meter.CreateObservableUpDownCounter(
        "treeline.alive", static () => (long)TaskTree.CountAlive(), "{node}", "Nodes that live.");

    public static bool CountsSpawned => s_spawned.Enabled;

    public static bool MeasuresScopes => s_duration.Enabled;

    /// <summary>True if somebody wants to know of ends other than successful ones.</summary>
    public static bool CountsBadEnds => s_failed.Enabled || s_cancelled.Enabled;

    public static bool CountsAbandoned => s_abandoned.Enabled;

    /// <summary>True if a scope that is measured has not ended.</summary>
    public static bool AnyScopes => s_begun.Any;

    public static void Spawned() => s_spawned.Add(1);

    public static void ScopeBegun(TaskScope scope) => s_begun.Add(scope, Stopwatch.GetTimestamp());

    public static void Ended(TreeNode node, NodeState state)
    {
        if (state == NodeState.Failed)
        {
            s_failed.Add(1, Kind(node));
        }
        else if (state == NodeState.Cancelled)
        {
            s_cancelled.Add(1, Kind(node));
        }

        ScopeEnded(node, state);
    }

    public static void ScopeEnded(TreeNode node, NodeState state)
    {
        if (s_begun.TryTake(node, out long begun))
        {
            s_duration.Record(
                Stopwatch.GetElapsedTime(begun).TotalSeconds,
                new KeyValuePair<string, object?>(Telemetry.OutcomeTag, Telemetry.Outcome(state)));
        }
    }

    public static void Abandoned() => s_abandoned.Add(1);

    private static KeyValuePair<string, object?> Kind(TreeNode node) => new(Telemetry.KindTag, Telemetry.Kind(node.Kind));
}
