using System.Diagnostics;

namespace Treeline;

/// <summary>A span (<see cref="Activity"/>) for each scope, and for each child whose code runs, if somebody listens.</summary>
/// <remarks>
/// <para>A scope's span is current in its body, a child's in its own code, wherever that goes on: it flows in the execution
/// context. The parent of a scope's span is what was current where the scope was opened. That of a child's is its scope's
/// span, or a span of the user's that the body had opened below it when it spawned; so a child that a sibling spawned is
/// not shown below the sibling, as it is not in the tree.</para>
/// <para>Starting and stopping a span makes another one current on the calling thread, whose code need not be the
/// node's. So both are done in a context that is dropped.</para>
/// </remarks>
internal static class Spans
{
    private static readonly ActivitySource s_source = new(Telemetry.Name);
    private static readonly SideTable<Activity> s_open = new();
    private static readonly ContextCallback s_start = static state => ((Starting)state!).Start();
    private static readonly ContextCallback s_stop = static span => ((Activity)span!).Stop();

    /// <summary>True if somebody listens; he may still want no span of a certain node.</summary>
    public static bool IsOn => s_source.HasListeners();

    /// <summary>True if spans are open, also when nobody listens any more.</summary>
    public static bool Any => s_open.Any;

    /// <summary>Starts the span of a scope, below what is current. It is not made current.</summary>
    public static void Start(TaskScope scope)
    {
        var starting = new Starting(scope, Activity.Current);
        ExecutionContext.Run(CurrentContext, s_start, starting);
        if (starting.Span is { } span)
        {
            s_open.Add(scope, span);
        }
    }

    /// <summary>Makes the scope's span current for its body. False if it has none.</summary>
    /// <param name="scope">The scope.</param>
    /// <param name="outer">What was current before.</param>
    public static bool TryEnter(TaskScope scope, out Activity? outer)
    {
        if (!s_open.TryGet(scope, out Activity? span))
        {
            outer = null;
            return false;
        }

        outer = Activity.Current;
        Activity.Current = span;
        return true;
    }

    /// <summary>Starts the span of a child in whose context the calling code runs, and makes it current there.</summary>
    public static void Start(ChildNode child)
    {
        var starting = new Starting(child, ParentOf(child));
        ExecutionContext.Run(CurrentContext, s_start, starting);
        if (starting.Span is { } span)
        {
            s_open.Add(child, span);
            Activity.Current = span;
        }
    }

    /// <summary>Ends the node's span, if it has one.</summary>
    public static void Stop(TreeNode node, NodeState state)
    {
        if (!s_open.TryTake(node, out Activity? span))
        {
            return;
        }

        span.SetTag(Telemetry.OutcomeTag, Telemetry.Outcome(state));
        switch (state)
        {
            case NodeState.Succeeded:
                span.SetStatus(ActivityStatusCode.Ok);
                break;
            case NodeState.Failed or NodeState.Abandoned:
                span.SetStatus(ActivityStatusCode.Error, node.Failure?.Message);
                if (node.Failure is { } error)
                {
                    span.AddException(error);
                }

                break;
        }

        ExecutionContext.Run(CurrentContext, s_stop, span);
    }

    // Where the flow is suppressed, there is none to come back to.
    private static ExecutionContext CurrentContext => ExecutionContext.Capture() ?? DefaultContext.Value;

    private static Activity? ParentOf(ChildNode child)
    {
        Activity? current = Activity.Current;
        if (!s_open.TryGet(child.Scope, out Activity? scope))
        {
            return current;
        }

        Activity? nearest = current;
        while (nearest is not null && !ReferenceEquals(nearest.Source, s_source))
        {
            nearest = nearest.Parent;
        }

        return ReferenceEquals(nearest, scope) ? current : scope;
    }

    private sealed class Starting(TreeNode node, Activity? parent)
    {
        public Activity? Span { get; private set; }

        public void Start()
        {
            Activity.Current = parent;
            Activity? span = s_source.CreateActivity(node.Name, ActivityKind.Internal);
            if (span is { IsAllDataRequested: true })
            {
                span.SetTag(Telemetry.PathTag, node.Path).SetTag(Telemetry.SpawnSiteTag, node.SpawnSite);
            }

            Span = span?.Start();
        }
    }
}
