namespace Treeline;

/// <summary>One node of the live tree, as it was when the snapshot was taken.</summary>
public sealed class NodeSnapshot
{
    // Paths are put together when asked for (names never change): in a deep tree, all paths together are quadratic.
    private const int FewNames = 8;

    private readonly int _joining;

    internal NodeSnapshot(TreeNode node, IReadOnlyList<NodeSnapshot> children)
    {
        Id = node.Id;
        Name = node.Name;
        Kind = node.Kind;
        State = node.State;
        Age = node.Age;
        SpawnSite = node.SpawnSite;
        OwnWorkEnded = node.OwnWorkEnded;
        IsOpenedByHand = node.EndsWithItsOwner;
        Wait = node.Wait;
        _joining = node.Joining;
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
    /// What it was waiting for: the number of nodes nested in it, once its own code had returned; before that the path of a
    /// child or a scope, or the name of what else of Treeline's its code awaited, with who held it. Null when it was running,
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

    /// <summary>True once its own code had returned; what was nested in it might still run.</summary>
    internal bool OwnWorkEnded { get; }

    /// <summary>True for a scope whose own part is over as soon as the code that opened it is.</summary>
    internal bool IsOpenedByHand { get; }

    /// <summary>What its own code waited for.</summary>
    internal WaitLink Wait { get; }

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
        if (OwnWorkEnded)
        {
            return _joining switch
            {
                0 => null,
                1 => "1 child",
                _ => $"{_joining} children",
            };
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
