using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>
/// A node of the one tree in which everything runs: a <see cref="TaskScope"/>, a <see cref="ChildTask"/> or a
/// <see cref="CancelScope"/>. The same links serve the lifetimes, the cancellation and <see cref="TaskTree"/>.
/// </summary>
/// <remarks>
/// <para><b>Protocol.</b> A node is open while somebody holds it. It is born with one hold, its own work's; each node
/// below it adds one. Whoever takes the last hold away closes the node, exactly once, and a closed node adopts nobody
/// (so nothing can be smuggled out of a scope that has ended).</para>
/// <para><b>Owners.</b> <see cref="Parent"/>, name and spawn site never change. The list of nested nodes (its head
/// and the siblings' links), the holds and <see cref="OwnWorkEnded"/> belong to <see cref="Gate"/>. A scope has a gate of
/// its own; a child task uses its scope's, so one gate covers a scope, its children, and the scopes right below those
/// children. No code ever holds two gates, and no user code runs under one: that is why gates cannot deadlock.</para>
/// <para><b>Closing order.</b> The outcome is settled; the node is unlinked and its parent's hold given back, in one
/// step; last, whoever awaits it is resumed. So nobody who has awaited a node still finds it in the tree, no parent has
/// ended while a child of it still looks alive, and resuming user code on this thread delays nothing of the tree's.</para>
/// <para><b>Leftovers.</b> A scope opened by hand ends at the latest with its owner: when the owner's own work ends or,
/// if it was opened after that (a sibling may), when nothing but such scopes holds the owner open.</para>
/// </remarks>
[DebuggerDisplay("{Path,nq} ({State})")]
public abstract class TreeNode
{
    // Most nodes live and die without being asked for a number, so it is kept beside them.
    private static readonly ConditionalWeakTable<TreeNode, StrongBox<long>> s_ids = [];
    private static long s_lastId;

    // Every child of every scope carries these fields: their size is part of what spawning costs.
    private readonly string? _name;
    private readonly string _file;
    private readonly int _line;
    private readonly uint _bornAt = Now;

    // The nested nodes, newest first. Children mostly end oldest first and on another core than the one that spawns:
    // at that end of the list they do not write to what the spawner is writing to.
    private TreeNode? _newestNested;
    private TreeNode? _newer;
    private TreeNode? _older;
    private int _holds = 1;

    // One field for the sake of size: whether own work has ended (bit 0), and above it how many of the nested nodes are
    // scopes opened by hand.
    private int _ending;

    // Written by whoever awaits on behalf of this node, read by snapshots; a picture, so the last writer wins.
    private volatile TreeNode? _awaited;

    private protected TreeNode(TreeNode? parent, CallSite site)
    {
        Parent = parent;
        _name = site.Name;
        _file = site.File;
        _line = site.Line;
    }

    /// <summary>A number no other node of this process has. Given out when first asked for.</summary>
    public long Id =>
        s_ids.GetValue(this, static _ => new StrongBox<long>(Interlocked.Increment(ref s_lastId))).Value;

    /// <summary>The name it was given, or else where it was spawned (<c>Program.cs:12</c>).</summary>
    public string Name => _name switch
    {
        null => SpawnSite,
        "<Main>$" => "Main", // what the compiler calls the method around top-level statements
        var name => name,
    };

    /// <summary>The names from the top of the tree down to this node, separated by <c>/</c>.</summary>
    public string Path
    {
        get
        {
            var names = new List<string>();
            for (TreeNode? node = this; node is not null and not ProcessRoot; node = node.Parent)
            {
                names.Add(node.Name);
            }

            names.Reverse();
            return string.Join('/', names);
        }
    }

    /// <summary>What the node is doing now, or how it ended.</summary>
    public abstract NodeState State { get; }

    internal abstract NodeKind Kind { get; }

    /// <summary>The node it lives in; null only for the root of the process.</summary>
    internal TreeNode? Parent { get; }

    /// <summary>The lock that owns this node's mutable fields; see the protocol above.</summary>
    internal abstract ref Gate Gate { get; }

    /// <summary>The node whose cancellation this one obeys: itself, or a child's scope. Null for the root.</summary>
    internal abstract CancelScope? Canceller { get; }

    /// <summary>True for scopes that are opened and disposed by hand, rather than around a body.</summary>
    internal virtual bool EndsWithItsOwner => false;

    /// <summary>True once the node's own code has returned; what is nested in it may still run. Owner: <see cref="Gate"/>.</summary>
    internal bool OwnWorkEnded => (Volatile.Read(ref _ending) & 1) != 0;

    /// <summary>True once the last hold has gone. For an answer that stays true, ask under <see cref="Gate"/>.</summary>
    internal bool IsClosed => Volatile.Read(ref _holds) == 0;

    /// <summary>The time since the node was created, in steps of 10 ms; right for 497 days.</summary>
    internal TimeSpan Age => TimeSpan.FromMilliseconds((Now - _bornAt) * 10L);

    /// <summary>The file (without folders) and line that created the node.</summary>
    internal string SpawnSite =>
        $"{_file.AsSpan(_file.LastIndexOfAny(['/', '\\']) + 1)}:{_line}";

    /// <summary>The node that code running in this one awaits, if any.</summary>
    internal TreeNode? Awaited => _awaited;

    /// <summary>How many nested nodes it waits for after its own work has ended; 0 while its own work runs.</summary>
    internal int Joining
    {
        get
        {
            using (Gate.Enter())
            {
                return OwnWorkEnded ? _holds : 0;
            }
        }
    }

    private static uint Now => (uint)(Environment.TickCount64 / 10);

    private int Leftovers => _ending >> 1;

    private bool OnlyLeftoversHold => OwnWorkEnded && _holds == Leftovers;

    /// <summary>The path and the state.</summary>
    public override string ToString() => $"{Path} ({State})";

    /// <summary>Notes for snapshots that code running in this node waits for <paramref name="node"/>.</summary>
    internal void BeginWait(TreeNode node) => _awaited = node;

    internal void EndWait(TreeNode node)
    {
        if (ReferenceEquals(_awaited, node))
        {
            _awaited = null;
        }
    }

    /// <summary>
    /// Links <paramref name="nested"/> under this node and adds its hold, unless this node is closed (false).
    /// <paramref name="cause"/> is set when this node's cancellation has been requested before: the new node must not
    /// start. Later cancellations find it through the links, because both happen under the gate.
    /// </summary>
    internal bool TryAdopt(TreeNode nested, out CancelCause? cause)
    {
        using (Gate.Enter())
        {
            cause = Canceller?.Cause;
            bool leftover = nested.EndsWithItsOwner;
            if (_holds == 0 || (leftover && OnlyLeftoversHold))
            {
                return false;
            }

            _holds++;
            _ending += leftover ? 2 : 0;
            nested._older = _newestNested;
            if (_newestNested is not null)
            {
                _newestNested._newer = nested;
            }

            _newestNested = nested;
            return true;
        }
    }

    /// <summary>Copies the nested nodes, oldest first, into <paramref name="into"/>.</summary>
    internal void CopyNested(List<TreeNode> into)
    {
        using (Gate.Enter())
        {
            int start = into.Count;
            for (TreeNode? node = _newestNested; node is not null; node = node._older)
            {
                into.Add(node);
            }

            into.Reverse(start, into.Count - start);
        }
    }

    /// <summary>
    /// Adds every cancel scope below this node that no other cancel scope stands between, oldest first. The caller holds
    /// <see cref="Gate"/>, which also covers the lists of this node's child tasks.
    /// </summary>
    internal void CollectCancelScopes(List<CancelScope> into)
    {
        int start = into.Count;
        for (TreeNode? node = _newestNested; node is not null; node = node._older)
        {
            if (node is CancelScope scope)
            {
                into.Add(scope);
                continue;
            }

            for (TreeNode? below = node._newestNested; below is not null; below = below._older)
            {
                into.Add((CancelScope)below);
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

    /// <summary>Keeps the node open while something is done for it from outside, unless it is closed (false).</summary>
    private protected bool TryHold()
    {
        using (Gate.Enter())
        {
            if (_holds == 0)
            {
                return false;
            }

            _holds++;
            return true;
        }
    }

    /// <summary>Gives back what <see cref="TryHold"/> took.</summary>
    private protected void ReleaseHold()
    {
        List<CancelScope>? left = null;
        bool drained;
        using (Gate.Enter())
        {
            drained = GiveBackHold(ofLeftover: false, ref left);
        }

        if (drained)
        {
            CloseUpwards(released: false, parentDrained: false, ref left);
        }

        EndLeftovers(ref left);
    }

    /// <summary>Own work has ended while nested nodes are open. Called under <see cref="Gate"/>.</summary>
    private protected virtual void OnWaitingForNested()
    {
    }

    /// <summary>
    /// Settles the outcome. Called once, when the last hold has gone, before anybody is told; for a child task under the
    /// gate, which is its scope's.
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
    private protected virtual void OnUnawaitedFailure(TreeNode nested, Exception error)
    {
    }

    /// <summary>
    /// Hands <paramref name="error"/> to the parent if nobody in the parent can await this node any more; else false.
    /// </summary>
    private protected bool ReportIfUnawaited(Exception error)
    {
        bool unawaited;
        using (Parent!.Gate.Enter())
        {
            unawaited = Parent.OwnWorkEnded;
        }

        if (unawaited)
        {
            Parent.OnUnawaitedFailure(this, error);
        }

        return unawaited;
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
        bool drained;
        bool released = false;
        bool parentDrained = false;
        using (Gate.Enter())
        {
            if (OwnWorkEnded)
            {
                return false;
            }

            _ending |= 1;
            CollectLeftovers(ref left);
            drained = --_holds == 0;
            if (!drained)
            {
                OnWaitingForNested();
            }
            else if (Kind == NodeKind.Child)
            {
                // The usual end of a child, in one section, because its gate is its parent's.
                parentDrained = Parent!.RemoveUnderGate(this, ref left);
                released = true;
            }
        }

        if (drained)
        {
            CloseUpwards(released, parentDrained, ref left);
        }

        return true;
    }

    /// <summary>Adds them oldest first. Called under <see cref="Gate"/>.</summary>
    private void CollectLeftovers(ref List<CancelScope>? left)
    {
        if (Leftovers == 0)
        {
            return;
        }

        left ??= [];
        int start = left.Count;
        for (TreeNode? node = _newestNested; node is not null; node = node._older)
        {
            if (node.EndsWithItsOwner)
            {
                left.Add((CancelScope)node);
            }
        }

        left.Reverse(start, left.Count - start);
    }

    private void CloseUpwards(bool released, bool parentDrained, ref List<CancelScope>? left)
    {
        // Loops, not recursion: the last leaf of a deep chain may close all of it.
        TreeNode top = this;
        while (true)
        {
            if (!released)
            {
                parentDrained = top.Parent!.Remove(top, ref left);
            }

            if (!parentDrained)
            {
                break;
            }

            top = top.Parent!;
            released = false;
        }

        // User code may go on right here only on a thread of the pool: others belong to somebody, such as an executor.
        bool mayInline = Thread.CurrentThread.IsThreadPoolThread;
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

    /// <summary>Settles how a nested node ended, unlinks it and gives its hold back. True: that was the last.</summary>
    private bool Remove(TreeNode nested, ref List<CancelScope>? left)
    {
        if (nested.Kind != NodeKind.Child)
        {
            nested.OnClosing();
        }

        using (Gate.Enter())
        {
            return RemoveUnderGate(nested, ref left);
        }
    }

    private bool RemoveUnderGate(TreeNode nested, ref List<CancelScope>? left)
    {
        if (nested.Kind == NodeKind.Child)
        {
            nested.OnClosing();
        }

        if (nested._newer is null)
        {
            _newestNested = nested._older;
        }
        else
        {
            nested._newer._older = nested._older;
        }

        if (nested._older is not null)
        {
            nested._older._newer = nested._newer;
        }

        nested._newer = nested._older = null;
        bool leftover = nested.EndsWithItsOwner;
        _ending -= leftover ? 2 : 0;
        return GiveBackHold(leftover, ref left);
    }

    /// <summary>
    /// True when that was the last. Adds to <paramref name="left"/> when none but leftovers hold on. Called under
    /// <see cref="Gate"/>.
    /// </summary>
    private bool GiveBackHold(bool ofLeftover, ref List<CancelScope>? left)
    {
        _holds--;
        if (!ofLeftover && OnlyLeftoversHold)
        {
            CollectLeftovers(ref left);
        }

        return _holds == 0;
    }
}
