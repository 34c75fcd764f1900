namespace Treeline;

/// <summary>
/// The one place where the tree says that something has happened; it hands it on to whoever listens: subscribers, spans,
/// metrics, events. With nobody listening a node costs the few loads of the questions below.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> The tree asks first, and then tells, with no gate held. It tells of a beginning before the node can end:
/// of a child before it is launched, of a scope while an extra hold keeps it open. It tells of an end when the outcome is
/// settled, before whoever awaits the node is resumed and before the parent's hold is given back; so the ends of nested
/// nodes come first. A child is pinned before its end is told, and is not used again. What listeners throw stops here.
/// </remarks>
internal static class TreeEvents
{
    // Copied on write, under the gate; null: nobody.
    private static Gate s_gate;
    private static TreeSubscription[]? s_subscriptions;

    /// <summary>Whether to tell that a child was spawned.</summary>
    public static bool WatchesSpawns => AnySubscriber || TreeEventSource.Log.IsEnabled() || TreeMeter.CountsSpawned;

    /// <summary>Whether to tell that the code of a child begins.</summary>
    public static bool WatchesCode => Spans.IsOn;

    /// <summary>Whether to tell that a scope was opened.</summary>
    public static bool WatchesScopes =>
        AnySubscriber || TreeEventSource.Log.IsEnabled() || Spans.IsOn || TreeMeter.MeasuresScopes;

    /// <summary>Whether to tell that a scope gave up.</summary>
    public static bool WatchesAbandoned =>
        AnySubscriber || TreeEventSource.Log.IsEnabled() || Spans.Any || TreeMeter.AnyScopes || TreeMeter.CountsAbandoned;

    private static bool AnySubscriber => Volatile.Read(ref s_subscriptions) is not null;

    /// <summary>Whether to tell that a node has ended.</summary>
    /// <param name="well">True: with success.</param>
    public static bool WatchesEnd(bool well) =>
        AnySubscriber || TreeEventSource.Log.IsEnabled() || Spans.Any || TreeMeter.AnyScopes || (!well && TreeMeter.CountsBadEnds);

    public static TreeSubscription Subscribe(Action<TreeChange> onChange)
    {
        var subscription = new TreeSubscription(onChange);
        using (s_gate.Enter())
        {
            Volatile.Write(ref s_subscriptions, [.. s_subscriptions ?? [], subscription]);
        }

        return subscription;
    }

    public static void Unsubscribe(TreeSubscription subscription)
    {
        using (s_gate.Enter())
        {
            TreeSubscription[] rest = [.. (s_subscriptions ?? []).Where(each => !ReferenceEquals(each, subscription))];
            Volatile.Write(ref s_subscriptions, rest.Length > 0 ? rest : null);
        }
    }

    /// <summary>A child is linked into its scope, and not launched yet.</summary>
    public static void Spawned(ChildNode child)
    {
        if (TreeMeter.CountsSpawned)
        {
            Guard(child, static _ => TreeMeter.Spawned());
        }

        Began(child);
    }

    /// <summary>The code of a child begins on the calling thread, in its own context.</summary>
    public static void CodeBegins(ChildNode child) => Guard(child, static child => Spans.Start((ChildNode)child));

    /// <summary>A scope is linked into the tree, and is held open.</summary>
    public static void Opened(CancelScope opened)
    {
        if (opened is TaskScope scope)
        {
            if (TreeMeter.MeasuresScopes)
            {
                TreeMeter.ScopeBegun(scope);
            }

            if (Spans.IsOn)
            {
                Guard(scope, static scope => Spans.Start((TaskScope)scope));
            }
        }

        Began(opened);
    }

    /// <summary>The outcome of a node is settled.</summary>
    public static void Ended(TreeNode node)
    {
        Guard(node, static node => Spans.Stop(node, node.State));
        Guard(node, static node => TreeMeter.Ended(node, node.State));
        if (TreeEventSource.Log.IsEnabled())
        {
            TreeEventSource.Log.Ended(node, node.State);
        }

        Tell(TreeChangeKind.Ended, node);
    }

    /// <summary>A scope has given up; what it surfaces is settled. To listeners but subscribers it is over with that.</summary>
    public static void Abandoned(TaskScope scope, IReadOnlyList<AbandonedNode> nodes)
    {
        Guard(scope, static scope => Spans.Stop(scope, NodeState.Abandoned));
        Guard(scope, static scope => TreeMeter.ScopeEnded(scope, NodeState.Abandoned));
        foreach (AbandonedNode node in nodes)
        {
            Guard(scope, static _ => TreeMeter.Abandoned());
            TreeEventSource.Log.GivenUp(node);
        }

        Tell(TreeChangeKind.Abandoned, scope);
    }

    private static void Began(TreeNode node)
    {
        if (TreeEventSource.Log.IsEnabled())
        {
            TreeEventSource.Log.Began(node);
        }

        Tell(TreeChangeKind.Started, node);
    }

    private static void Tell(TreeChangeKind kind, TreeNode node)
    {
        foreach (TreeSubscription subscription in Volatile.Read(ref s_subscriptions) ?? [])
        {
            try
            {
                subscription.Tell(new TreeChange(kind, node));
            }
            catch (Exception e)
            {
                TreeEventSource.Log.ListenerFailed(e.ToString());
            }
        }
    }

    /// <summary>Spans and metrics call listeners, which are others' code.</summary>
    private static void Guard(TreeNode node, Action<TreeNode> report)
    {
        try
        {
            report(node);
        }
        catch (Exception e)
        {
            TreeEventSource.Log.ListenerFailed(e.ToString());
        }
    }
}
