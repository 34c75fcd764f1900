using System.Diagnostics.Tracing;

namespace Treeline;

/// <summary>
/// The events and counters that <c>dotnet-trace</c> and <c>dotnet-counters</c> see of a process without any code in it. What is
/// in it is listed in <see cref="Telemetry"/>.
/// </summary>
/// <remarks>
/// Starts and stops are not paired by the runtime (<see cref="EventActivityOptions.Disable"/>): it pairs by the flow of the
/// execution context, and a node may end on any thread. They carry the node's number.
/// </remarks>
[EventSource(Name = Telemetry.Name)]
internal sealed class TreeEventSource : EventSource
{
    public static readonly TreeEventSource Log = new();

    // Written by whoever reports, while somebody listens; read by the counters.
    private long _spawned;
    private long _failed;
    private long _cancelled;
    private long _abandoned;

    // Made when first asked for, and kept: an EventCounter works only while it is referenced. Owner: OnEventCommand, which the
    // runtime calls under a lock of its own.
    private List<DiagnosticCounter>? _counters;

    private TreeEventSource()
    {
    }

    [NonEvent]
    public void Began(TreeNode node)
    {
        if (node is not ChildNode)
        {
            if (IsEnabled(EventLevel.Informational, Keywords.Scopes))
            {
                ScopeStart(node.Id, node.Path, node.SpawnSite);
            }

            return;
        }

        Interlocked.Increment(ref _spawned);
        if (IsEnabled(EventLevel.Verbose, Keywords.Children))
        {
            ChildSpawn(node.Id, node.Path, node.SpawnSite);
        }
    }

    [NonEvent]
    public void Ended(TreeNode node, NodeState state)
    {
        if (state == NodeState.Failed)
        {
            Interlocked.Increment(ref _failed);
            if (IsEnabled(EventLevel.Error, EventKeywords.None))
            {
                Failure(node.Id, node.Path, node.Failure?.GetType().FullName ?? "", node.Failure?.Message ?? "");
            }
        }
        else if (state == NodeState.Cancelled)
        {
            Interlocked.Increment(ref _cancelled);
        }

        if (node is not ChildNode)
        {
            if (IsEnabled(EventLevel.Informational, Keywords.Scopes))
            {
                ScopeStop(node.Id, node.Path, Telemetry.Outcome(state), (long)node.Age.TotalMilliseconds);
            }
        }
        else if (IsEnabled(EventLevel.Verbose, Keywords.Children))
        {
            ChildStop(node.Id, node.Path, Telemetry.Outcome(state), (long)node.Age.TotalMilliseconds);
        }
    }

    [NonEvent]
    public void GivenUp(AbandonedNode node)
    {
        Interlocked.Increment(ref _abandoned);
        Abandoned(node.Path, node.SpawnSite, node.WaitsOn ?? TreeText.RunningOrExternal);
    }

    /// <summary>A scope was opened.</summary>
    [Event(1, Level = EventLevel.Informational, Keywords = Keywords.Scopes, ActivityOptions = EventActivityOptions.Disable)]
    public void ScopeStart(long id, string path, string spawnSite) =>
        WriteEvent(1, [(EventSourcePrimitive)id, path, spawnSite]);

    /// <summary>A scope, and everything in it, has ended.</summary>
    [Event(2, Level = EventLevel.Informational, Keywords = Keywords.Scopes, ActivityOptions = EventActivityOptions.Disable)]
    public void ScopeStop(long id, string path, string outcome, long milliseconds) =>
        WriteEvent(2, [(EventSourcePrimitive)id, path, outcome, milliseconds]);

    /// <summary>A child was spawned.</summary>
    [Event(3, Level = EventLevel.Verbose, Keywords = Keywords.Children)]
    public void ChildSpawn(long id, string path, string spawnSite) =>
        WriteEvent(3, [(EventSourcePrimitive)id, path, spawnSite]);

    /// <summary>A child, and everything below it, has ended.</summary>
    [Event(4, Level = EventLevel.Verbose, Keywords = Keywords.Children, Opcode = EventOpcode.Info)]
    public void ChildStop(long id, string path, string outcome, long milliseconds) =>
        WriteEvent(4, [(EventSourcePrimitive)id, path, outcome, milliseconds]);

    /// <summary>A node has ended with an error.</summary>
    [Event(5, Level = EventLevel.Error)]
    public void Failure(long id, string path, string type, string message) =>
        WriteEvent(5, [(EventSourcePrimitive)id, path, type, message]);

    /// <summary>The code of a node had not ended when a scope above it, or it, gave up.</summary>
    [Event(6, Level = EventLevel.Warning)]
    public void Abandoned(string path, string spawnSite, string waitsOn) => WriteEvent(6, path, spawnSite, waitsOn);

    /// <summary>A subscriber or a listener of spans or metrics threw; the tree went on.</summary>
    [Event(7, Level = EventLevel.Warning)]
    public void ListenerFailed(string error) => WriteEvent(7, error);

    /// <inheritdoc/>
    protected override void OnEventCommand(EventCommandEventArgs command)
    {
        if (command.Command == EventCommand.Enable && _counters is null)
        {
            _counters =
            [
                new PollingCounter("alive", this, static () => TaskTree.CountAlive()) { DisplayName = "Nodes alive" },
                Rate("spawned", "Children spawned", () => Interlocked.Read(ref _spawned)),
                Rate("failed", "Nodes failed", () => Interlocked.Read(ref _failed)),
                Rate("cancelled", "Nodes cancelled", () => Interlocked.Read(ref _cancelled)),
                Rate("abandoned", "Nodes abandoned", () => Interlocked.Read(ref _abandoned)),
            ];
        }
    }

    private IncrementingPollingCounter Rate(string name, string title, Func<double> total) =>
        new(name, this, total) { DisplayName = title, DisplayRateTimeScale = TimeSpan.FromSeconds(1) };

    /// <summary>What to listen to. The runtime looks for a public class of this name.</summary>
    public static class Keywords
    {
        public const EventKeywords Scopes = (EventKeywords)1;
        public const EventKeywords Children = (EventKeywords)2;
    }
}
