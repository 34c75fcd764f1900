namespace Treeline;

// The third step of stopping: giving up on tasks that do not listen.
//
// Protocol. OnCancelled starts the patience timer. When it fires, Abandon takes a hold, so the scope cannot close meanwhile;
// settles what surfaces; moves the scope, with what still runs below it, from its parent to the top of the tree; gives the
// parent's hold back; and tells whoever waits. That order is the closing order of TreeNode, the one difference being that
// the scope stays in the tree. _abandoned is set under the gate, before anything else: from then on nothing is spawned here.
// When the last task has ended after all, the scope closes at the top; there is nobody left to tell but the log of
// unobserved errors.
public sealed partial class TaskScope
{
    private volatile bool _abandoned;

    // Written before the scope is moved away from where it got it, read by walks up the tree.
    private TimeProvider? _keptClock;

    private protected override void OnCancelled()
    {
        if (_ledger is { Limit: not null })
        {
            DropWaiting();
        }

        if (_options?.Patience is { } patience)
        {
            TimerFor(Clock, static extras => ref extras.PatienceTimer, static scope => ((TaskScope)scope).Abandon())?.Set(patience);
        }
    }

    private void Abandon()
    {
        if (!Nest.TryHold())
        {
            return; // it has ended in time
        }

        List<AbandonedNode> running = StillRunning();
        if (running.Count == 0)
        {
            // It waits for nobody but whoever opened it by hand, to close it. Nothing can begin here any more.
            ReleaseChildren(1);
            return;
        }

        using (Gate.Enter())
        {
            _abandoned = true;
        }

        TreeNode parent = Parent!;
        var error = new AbandonedException(Path, Cause!.Reason, _options!.Patience!.Value, running);
        _surfaces = WhatSurfaces(error, out NodeState final);
        _final = final;
        using (Gate.Enter())
        {
            _failures = null; // what comes from now on, comes late
        }

        ReportOnce();
        if (!ReferenceEquals(parent, ProcessRoot.Instance))
        {
            MoveToTheTop(parent);
            parent.ReleaseChildren(EndsWithItsOwner ? 0 : 1);
        }

        if (TreeEvents.WatchesAbandoned)
        {
            TreeEvents.Abandoned(this, error.Nodes);
        }

        OnClosed(inline: false);
        if (EndsWithItsOwner)
        {
            // It does so no more, and whoever opened it may never close it: now its tasks alone hold it.
            TryEndOwnWork();
        }

        ReleaseChildren(1);
    }

    /// <summary>The tasks below whose own code has not ended, and this scope's body.</summary>
    private List<AbandonedNode> StillRunning()
    {
        var left = new List<AbandonedNode>();
        var open = new Queue<(TreeNode Node, List<NodeSnapshot> Into)>();
        var below = new List<NodeSnapshot>();
        var root = new NodeSnapshot(this, below);
        open.Enqueue((this, below));
        while (open.TryDequeue(out (TreeNode Node, List<NodeSnapshot> Into) next))
        {
            next.Node.Picture(next.Into, open);
            next.Into.ForEach(static node => node.NoteHolders());
        }

        var paths = new Queue<(string Path, NodeSnapshot Node)>([(Path, root)]);
        while (paths.TryDequeue(out (string Path, NodeSnapshot Node) next))
        {
            if (next.Node.OwnCodeRuns)
            {
                left.Add(new AbandonedNode(next.Path, next.Node));
            }

            foreach (NodeSnapshot child in next.Node.Children)
            {
                paths.Enqueue(($"{next.Path}/{child.Name}", child));
            }
        }

        return left;
    }

    /// <summary>
    /// The root's gate first, then the parent's: a gate above before one below, so that this cannot deadlock with those who
    /// go down the tree step by step.
    /// </summary>
    private void MoveToTheTop(TreeNode parent)
    {
        Volatile.Write(ref _keptClock, Clock);
        ref Nest top = ref ProcessRoot.Instance.Nest;
        ref Nest from = ref parent.Nest;
        using (top.Gate.Enter())
        {
            using (from.Gate.Enter())
            {
                from.Unlink(this);
            }

            top.TryHold(EndsWithItsOwner); // its own work is the process: never refused
            MoveTo(ProcessRoot.Instance);
            top.Link(this);
        }
    }

    /// <summary>The last abandoned task has ended. What failed since then reaches whoever listens for unobserved errors.</summary>
    private void CloseAbandoned()
    {
        List<ScopeFailure> late;
        using (Gate.Enter())
        {
            late = _failures?.ToSurface(SurfacingFailures.All) ?? [];
        }

        if (late.Count > 0)
        {
            _ = Task.FromException(late.Count == 1 ? late[0].Exception : new ScopeException(Path, late));
        }
    }
}
