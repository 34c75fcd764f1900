using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>
/// A node of the one tree in which everything runs: a <see cref="TaskScope"/>, a child task or a
/// <see cref="CancelScope"/>. The same links serve the lifetimes, the cancellation and <see cref="TaskTree"/>.
/// </summary>
/// <remarks>
/// <para><b>Protocol.</b> A node is open while somebody holds it. It is born with one hold, its own work's; each node
/// below it adds one. Whoever takes the last hold away closes the node, exactly once, and a closed node adopts nobody
/// (so nothing can be smuggled out of a scope that has ended). <see cref="Nest"/> keeps the count and the list.</para>
/// <para><b>Locks.</b> A scope has a gate, which owns its list of nested nodes. A child has a lock in its own word, which
/// owns its end. Whoever holds the gate of a node may take the lock or the gate of a node right below it, never the
/// other way round, and no user code runs under either: that is why they cannot deadlock.</para>
/// <para><b>Closing order.</b> The outcome is settled; the node is unlinked (a child: marked, and no longer shown); its
/// parent's hold is given back; last, whoever awaits it is resumed. So nobody who has awaited a node still finds it in
/// the tree, no parent has ended while a child of it still looks alive, and resuming user code on this thread delays
/// nothing of the tree's.</para>
/// <para><b>Leftovers.</b> A scope opened by hand ends at the latest with the node it is in: when the node's own code
/// ends, if that opened it; if other code did (that of a child may open a cancel scope in the scope around it), or after
/// own code had ended, when nothing but such scopes holds the node open.</para>
/// </remarks>
[DebuggerDisplay("{Path,nq} ({State})")]
public abstract class TreeNode
{
    // Most nodes live and die without being asked for a number, so it is kept beside them.
    private static readonly ConditionalWeakTable<TreeNode, StrongBox<long>> s_ids = [];
    private static long s_lastId;

    // Every child of every scope carries these fields: their size is part of what spawning costs.
    private string _file = string.Empty;
    private int _line;
    private uint _bornAt;

    // What code of this node waits for, and which life of it (see WaitLink). Written by whoever waits on behalf of this
    // node, read by snapshots; a picture, so the last writer wins, and a pair that does not fit together shows nothing.
    private int _waitLife;
    private volatile object? _wait;

    private protected TreeNode()
    {
    }

    private protected TreeNode(TreeNode? parent, CallSite site) => Place(parent, site);

    /// <summary>A number no other node of this process has. Given out when first asked for.</summary>
    public long Id
    {
        get
        {
            Pin();
            return s_ids.GetValue(this, static _ => new StrongBox<long>(Interlocked.Increment(ref s_lastId))).Value;
        }
    }

    /// <summary>The name it was given, or else where it was spawned (<c>Program.cs:12</c>).</summary>
    public string Name => GivenName switch
    {
        null => SpawnSite,
        "<Main>$" => "Main", // what the compiler calls the method around top-level statements
        var name => name,
    };

    /// <summary>The names from the top of the tree down to this node, separated by <c>/</c>.</summary>
    public string Path => PathOf(int.MaxValue);

    /// <summary>What the node is doing now, or how it ended.</summary>
    public abstract NodeState State { get; }

    internal abstract NodeKind Kind { get; }

    /// <summary>The node it lives in; null for the root of the process, and for the object of a child not in use.</summary>
    internal TreeNode? Parent { get; private set; }

    /// <summary>Neighbours in the parent's list. Owner: the gate of the parent's <see cref="Nest"/>.</summary>
    internal TreeNode? Newer { get; set; }

    /// <inheritdoc cref="Newer"/>
    internal TreeNode? Older { get; set; }

    /// <summary>What is nested in it. Of a child: only if <see cref="HasNest"/>.</summary>
    internal abstract ref Nest Nest { get; }

    /// <summary>False for a child in which nothing has been nested: most of them.</summary>
    internal virtual bool HasNest => true;

    /// <summary>The node whose cancellation this one obeys: itself, or a child's scope. Null for the root.</summary>
    internal abstract CancelScope? Canceller { get; }

    /// <summary>What measures the time here: what the nearest scope above was given, or else the system's clock.</summary>
    internal TimeProvider Clock
    {
        get
        {
            for (TreeNode? node = this; node is not null; node = node.Parent)
            {
                if (node is TaskScope { OwnClock: { } clock })
                {
                    return clock;
                }
            }

            return TimeProvider.System;
        }
    }

    /// <summary>Where Treeline's waits resume the code that runs in this node.</summary>
    internal abstract Executor Executor { get; }

    /// <summary>True for scopes that are opened and disposed by hand, rather than around a body.</summary>
    internal virtual bool EndsWithItsOwner => false;

    /// <summary>True once its own code has returned; what is nested in it may still run.</summary>
    internal virtual bool OwnWorkEnded => Nest.OwnWorkEnded;

    /// <summary>True once the last hold has gone.</summary>
    internal virtual bool IsClosed => Nest.IsClosed;

    /// <summary>The time since the node was created, in steps of 10 ms; right for 497 days.</summary>
    internal TimeSpan Age => TimeSpan.FromMilliseconds((Now - _bornAt) * 10L);

    /// <summary>The file (without folders) and line that created the node.</summary>
    internal string SpawnSite =>
        $"{_file.AsSpan(_file.LastIndexOfAny(['/', '\\']) + 1)}:{_line}";

    /// <summary>What code of this node waits for, as far as Treeline knows.</summary>
    internal WaitLink Wait => WaitLink.To(_wait, _waitLife);

    /// <summary>What it failed with, or was cancelled by, once it has ended.</summary>
    internal virtual Exception? Failure => null;

    /// <summary>How many nested nodes it waits for after its own work has ended; 0 while its own work runs.</summary>
    internal int Joining => HasNest && Nest.OwnWorkEnded ? Nest.Holders : 0;

    private protected abstract string? GivenName { get; }

    /// <summary>
    /// User code may go on right here only on a thread of the pool, or of a scheduler it always comes back to: others
    /// belong to somebody, such as an executor.
    /// </summary>
    private static bool MayInline => Thread.CurrentThread.IsThreadPoolThread || SchedulerContext.IsCurrent;

    private static uint Now => (uint)(Environment.TickCount64 / 10);

    /// <summary>The path and the state.</summary>
    public override string ToString() => $"{Path} ({State})";

    /// <summary>
    /// Links <paramref name="nested"/> under this node and adds its hold, unless this node is closed (false).
    /// <paramref name="cause"/> is set when this node's cancellation has been requested before: the new node must not
    /// start. Later cancellations find it through the links, because the canceller marks itself before it looks at them.
    /// </summary>
    internal virtual bool TryAdopt(TreeNode nested, out CancelCause? cause)
    {
        ref Nest nest = ref Nest;
        using (nest.Gate.Enter())
        {
            cause = Canceller?.Cause;
            if (!nest.TryHold(nested.EndsWithItsOwner))
            {
                return false;
            }

            nest.Link(nested);
            return true;
        }
    }

    /// <summary>Adds pictures of the nested nodes that live, oldest first, and of which of them there is more below.</summary>
    internal void Picture(List<NodeSnapshot> into, Queue<(TreeNode Node, List<NodeSnapshot> Into)> open)
    {
        ref Nest nest = ref Nest;
        using (nest.Gate.Enter())
        {
            int start = into.Count;
            for (TreeNode? node = nest.Newest; node is not null; node = node.Older)
            {
                // Under the gate, because the object of a child that has ended may be used again after it.
                if (node is not ChildNode { IsCompleted: true })
                {
                    var below = new List<NodeSnapshot>();
                    into.Add(new NodeSnapshot(node, below));
                    if (node.HasNest)
                    {
                        open.Enqueue((node, below));
                    }
                }
            }

            into.Reverse(start, into.Count - start);
        }
    }

    /// <summary>The number of nested nodes that live; adds those of them that have a nest.</summary>
    internal int CountNested(Queue<TreeNode> open)
    {
        int count = 0;
        ref Nest nest = ref Nest;
        using (nest.Gate.Enter())
        {
            for (TreeNode? node = nest.Newest; node is not null; node = node.Older)
            {
                if (node is not ChildNode { IsCompleted: true })
                {
                    count++;
                    if (node.HasNest)
                    {
                        open.Enqueue(node);
                    }
                }
            }
        }

        return count;
    }

    /// <summary>
    /// Adds every cancel scope below this node that no other cancel scope stands between, oldest first, but those that are
    /// shielded. The caller holds the gate of <see cref="Nest"/>.
    /// </summary>
    internal void CollectCancelScopes(List<CancelScope> into)
    {
        int start = into.Count;
        for (TreeNode? node = Nest.Newest; node is not null; node = node.Older)
        {
            if (node is CancelScope scope)
            {
                AddUnlessShielded(scope, into);
            }
            else if (node.HasNest)
            {
                ref Nest below = ref node.Nest;
                using (below.Gate.Enter())
                {
                    for (TreeNode? nested = below.Newest; nested is not null; nested = nested.Older)
                    {
                        AddUnlessShielded((CancelScope)nested, into);
                    }
                }
            }
        }

        into.Reverse(start, into.Count - start);
    }

    /// <summary>
    /// Gives the node's own hold back: its code has returned. Scopes it opened and never closed are cancelled and closed
    /// with it. False when its own work had ended before.
    /// </summary>
    internal bool TryEndOwnWork()
    {
        List<CancelScope>? left = null;
        if (!TryEndOwnWork(ref left))
        {
            return false;
        }

        EndLeftovers(ref left);
        return true;
    }

    /// <summary>The path, of which <c>…</c> stands for all but the last <paramref name="most"/> names.</summary>
    internal string PathOf(int most)
    {
        var names = new List<string>();
        for (TreeNode? node = this; node is not null and not ProcessRoot; node = node.Parent)
        {
            if (names.Count == most)
            {
                names.Add("…");
                break;
            }

            names.Add(node.Name);
        }

        names.Reverse();
        return string.Join('/', names);
    }

    /// <summary>Somebody may remember this object for good: it must not become another node.</summary>
    internal virtual void Pin()
    {
    }

    /// <summary>
    /// Notes for snapshots that code of this node waits. Called before that code registers with what it waits for. Need not
    /// be taken back: once the wait is over, the link shows nothing.
    /// </summary>
    /// <param name="target">A <see cref="ChildNode"/>, a <see cref="TaskScope"/> or a <see cref="WaiterBase"/>.</param>
    /// <param name="life">Which of the lives of an object that is used again.</param>
    internal void BeginWait(object target, int life)
    {
        _waitLife = life;
        _wait = target;
    }

    /// <summary>Lets go of what the calling code waited for, so that it is not kept in memory.</summary>
    internal void EndWait(ChildNode child)
    {
        if (ReferenceEquals(_wait, child))
        {
            _wait = null;
        }
    }

    /// <summary>As <see cref="EndWait(ChildNode)"/>, while code of this node may begin its next wait on another thread.</summary>
    internal void EndWait(TaskScope scope)
    {
        if (ReferenceEquals(_wait, scope))
        {
            Interlocked.CompareExchange(ref _wait, null, scope);
        }
    }

    /// <summary>Gives holds back: those of children that have ended, or one taken from outside the tree.</summary>
    /// <param name="count">How many.</param>
    /// <param name="toComplete">The one child, if a task was made of it.</param>
    internal void ReleaseChildren(int count, ChildNode? toComplete = null)
    {
        List<CancelScope>? left = null;
        if (Release(count, ref left))
        {
            toComplete?.CompleteTask(inline: false);
            CloseUpwards(ref left);
            EndLeftovers(ref left);
        }
        else
        {
            EndLeftovers(ref left);
            toComplete?.CompleteTask(inline: MayInline);
        }
    }

    /// <summary>Where it is in the tree, from now on. For children, whose objects are used again, and at birth.</summary>
    private protected void Place(TreeNode? parent, CallSite site)
    {
        Parent = parent;
        _file = site.File;
        _line = site.Line;
        _bornAt = Now;
        _wait = null;
    }

    /// <summary>The node on whose behalf a fiber runs, or null when its object goes back.</summary>
    private protected void SetParent(TreeNode? parent)
    {
        Parent = parent;
        if (_wait is not null)
        {
            _wait = null;
        }
    }

    /// <summary>It lives under another node from now on. The caller changes the lists, and holds the gates of both nodes.</summary>
    private protected void MoveTo(TreeNode parent) => Parent = parent;

    /// <summary>
    /// Settles the outcome. Called once, when the last hold has gone, before anybody is told.
    /// </summary>
    private protected virtual void OnClosing()
    {
    }

    /// <summary>
    /// Resumes whoever waits for this node. Called once, after it has left the tree. <paramref name="inline"/>: it is the
    /// last thing the calling thread has to do for the tree, so user code may go on right here.
    /// </summary>
    private protected virtual void OnClosed(bool inline)
    {
    }

    /// <summary>
    /// A scope nested in this node has failed after this node's own code returned, so nobody is left to await it.
    /// </summary>
    internal virtual void OnUnawaitedFailure(TreeNode nested, Exception error)
    {
    }

    /// <summary>
    /// Hands <paramref name="error"/> to the parent if nobody in the parent can await this node any more; else false.
    /// </summary>
    private protected bool ReportIfUnawaited(Exception error)
    {
        bool unawaited = Parent!.OwnWorkEnded;
        if (unawaited)
        {
            Parent.OnUnawaitedFailure(this, error);
        }

        return unawaited;
    }

    private static void AddUnlessShielded(CancelScope scope, List<CancelScope> into)
    {
        if (!scope.IsShielded)
        {
            into.Add(scope);
        }
    }

    private static void EndLeftovers(ref List<CancelScope>? left)
    {
        // A list that grows meanwhile, not recursion: cancel scopes may be nested deeper than the stack.
        for (int i = 0; i < left?.Count; i++)
        {
            left[i].OwnerEnded();
            ((TreeNode)left[i]).TryEndOwnWork(ref left);
        }
    }

    private bool TryEndOwnWork(ref List<CancelScope>? left)
    {
        if (!Nest.TryEndOwnWork(mayHaveChildren: Kind == NodeKind.Scope, ref left, out bool closed))
        {
            return false;
        }

        if (closed)
        {
            CloseUpwards(ref left);
        }

        return true;
    }

    /// <summary>Gives back holds on this node. True: that was the last.</summary>
    /// <param name="count">How many; 0: that of one scope that ends with the node.</param>
    /// <param name="left">Where scopes go that have to end now.</param>
    private bool Release(int count, ref List<CancelScope>? left)
    {
        ref Nest nest = ref Nest;
        bool closed = nest.Release(count, out bool onlyLeftovers);
        if (onlyLeftovers)
        {
            using (nest.Gate.Enter())
            {
                nest.CollectLeftovers(ref left, all: true);
            }
        }

        return closed;
    }

    /// <summary>This node's last hold has gone: it closes, and so do those above whose last hold it was.</summary>
    private void CloseUpwards(ref List<CancelScope>? left)
    {
        // Loops, not recursion: the last leaf of a deep chain may close all of it.
        TreeNode top = this;
        while (true)
        {
            TreeNode parent = top.Parent!;
            top.OnClosing();
            if (top.Kind != NodeKind.Child)
            {
                ref Nest nest = ref parent.Nest;
                using (nest.Gate.Enter())
                {
                    nest.Unlink(top);
                }
            }

            if (!parent.Release(top.EndsWithItsOwner ? 0 : 1, ref left))
            {
                break;
            }

            top = parent;
        }

        bool mayInline = MayInline;
        for (TreeNode node = this; ; node = node.Parent!)
        {
            bool last = ReferenceEquals(node, top);
            node.OnClosed(inline: last && mayInline);
            if (last)
            {
                return;
            }
        }
    }
}
