namespace Treeline;

/// <summary>One node of the live tree, as it was when the snapshot was taken.</summary>
public sealed class NodeSnapshot
{
    // Paths are put together when asked for (names never change): in a deep tree, all paths together are quadratic.
    private const int FewNames = 8;

    private readonly bool _ownWorkEnded;
    private readonly int _joining;

    internal NodeSnapshot(TreeNode node, IReadOnlyList<NodeSnapshot> children)
    {
        Id = node.Id;
        Name = node.Name;
        Kind = node.Kind;
        State = node.State;
        Age = node.Age;
        SpawnSite = node.SpawnSite;
        Wait = node.Wait;
        WaitsForPlace = node is ChildNode { WaitsForPlace: true };
        _ownWorkEnded = node.OwnWorkEnded;
        _joining = node.Joining;
        OwnCodeRuns = node.Kind != NodeKind.CancelScope && !node.OwnWorkEnded && node is not TaskScope { EndsWithItsOwner: true };
        Children = children;
    }

    /// <summary>The node's number; no other node of the process has it.</summary>
    public long Id { get; }

    /// <summary>The name it was given, or else where it was spawned.</summary>
    public string Name { get; }

    /// <summary>Scope, child task or cancel scope.</summary>
    public NodeKind Kind { get; }

    /// <summary>What it was doing.</summary>
    public NodeState State { get; }

    /// <summary>The time since it was created, in steps of the system's coarse clock (some milliseconds).</summary>
    public TimeSpan Age { get; }

    /// <summary>The file and line that created it, such as <c>Program.cs:12</c>.</summary>
    public string SpawnSite { get; }

    /// <summary>
    /// What it was waiting for: before its code began, a place under its scope's limit; once its own code had returned, the
    /// number of nodes nested in it; between, the path of a child or a scope that its code awaited, or the name of what else of
    /// Treeline's, with who held it. Null when it was running,
    /// or waited for something outside Treeline: from here the two look alike.
    /// </summary>
    /// <remarks>
    /// A node that waits for several things at once shows the one it turned to last. A scope that it opened with
    /// <c>RunAsync</c> is taken to be awaited, as long as it awaits nothing else of Treeline's.
    /// </remarks>
    public string? WaitsOn => DescribeWait(int.MaxValue);

    /// <summary>The nodes right below, oldest first.</summary>
    public IReadOnlyList<NodeSnapshot> Children { get; }

    /// <summary>As <see cref="WaitsOn"/>, with but the last names of long paths, where one text names many nodes.</summary>
    internal string? WaitsOnInShort => DescribeWait(FewNames);

    /// <summary>True of a child whose code has not returned, and of a scope whose body has not.</summary>
    internal bool OwnCodeRuns { get; }

    /// <summary>What its own code waited for.</summary>
    internal WaitLink Wait { get; }

    /// <summary>True of a child that had not begun because its scope's limit was reached.</summary>
    internal bool WaitsForPlace { get; }

    /// <summary>Who held what it waited for. Null: nobody, or nobody knows.</summary>
    internal IReadOnlyList<NodeRef>? Holders { get; private set; }

    /// <summary>The name and the state.</summary>
    public override string ToString() => $"{Name} ({State})";

    /// <summary>Asks what is waited for who has it. Part of taking the picture; called with no gate held.</summary>
    internal void NoteHolders()
    {
        if (Wait.Queue is IHeld held)
        {
            var holders = new List<NodeRef>();
            held.AddHolders(holders);
            Holders = holders.Count > 0 ? holders : null;
        }
    }

    private string? DescribeWait(int names)
    {
        if (_ownWorkEnded)
        {
            return _joining switch
            {
                0 => null,
                1 => "1 child",
                _ => $"{_joining} children",
            };
        }

        if (WaitsForPlace)
        {
            return "a free place in its scope";
        }

        if (Wait.Target is null)
        {
            return null;
        }

        if (Wait.Node is { } node)
        {
            return node.PathOf(names);
        }

        string what = Wait.Queue?.ToString() ?? "a signal";
        string[] holders = [.. (Holders ?? []).Select(holder => holder.PathOf(names)).OfType<string>()];
        return holders.Length == 0 ? what : $"{what}, held by {string.Join(", ", holders)}";
    }
}
