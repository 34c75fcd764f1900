using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;

namespace Treeline;

/// <summary>The names under which Treeline's traces and metrics are found, for the set-up of an exporter.</summary>
/// <remarks>
/// <para>Spans: one for each scope and for each child whose code ran, called as the node, with the tags
/// <c>treeline.path</c>, <c>treeline.spawn_site</c> and <c>treeline.outcome</c> (<c>succeeded</c>, <c>failed</c>,
/// <c>cancelled</c>, <c>abandoned</c>). A failure sets the status and adds the exception.</para>
/// <para>Metrics, counted while somebody listens: <c>treeline.alive</c> (nodes that live), <c>treeline.spawned</c> (children),
/// <c>treeline.failed</c> and <c>treeline.cancelled</c> (nodes, with the tag <c>treeline.kind</c>: <c>scope</c>, <c>child</c> or
/// <c>cancelScope</c>), <c>treeline.abandoned</c> (nodes whose code a scope gave up on), <c>treeline.scope.duration</c>
/// (seconds, with the tag <c>treeline.outcome</c>).</para>
/// <para>Events, for <c>dotnet-trace</c>: <c>ScopeStart</c>, <c>ScopeStop</c> (keyword 1, level Informational),
/// <c>ChildSpawn</c>, <c>ChildStop</c> (keyword 2, level Verbose), <c>Failure</c> (level Error), <c>Abandoned</c>,
/// <c>ListenerFailed</c> (level Warning). Counters, for <c>dotnet-counters</c>: <c>alive</c>, <c>spawned</c>, <c>failed</c>,
/// <c>cancelled</c>, <c>abandoned</c>.</para>
/// </remarks>
public static class Telemetry
{
    /// <summary>The name of the <see cref="ActivitySource"/>, of the <see cref="Meter"/> and of the <see cref="EventSource"/>.</summary>
    public const string Name = "Treeline";

    internal const string PathTag = "treeline.path";
    internal const string SpawnSiteTag = "treeline.spawn_site";
    internal const string OutcomeTag = "treeline.outcome";
    internal const string KindTag = "treeline.kind";

    internal static string Outcome(NodeState state) => state switch
    {
        NodeState.Succeeded => "succeeded",
        NodeState.Failed => "failed",
        NodeState.Abandoned => "abandoned",
        _ => "cancelled",
    };

    internal static string Kind(NodeKind kind) => kind switch
    {
        NodeKind.Scope => "scope",
        NodeKind.Child => "child",
        _ => "cancelScope",
    };
}
