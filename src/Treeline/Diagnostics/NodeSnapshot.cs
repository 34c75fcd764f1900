namespace Treeline;

/// <summary>One node of the live tree, as it was when the snapshot was taken.</summary>
public sealed class NodeSnapshot
{
    // The path is put together when asked for (names never change): in a deep tree, all paths together are quadratic.
    private readonly NodeRef? _awaited;
    private readonly int _joining;

    internal NodeSnapshot(TreeNode node, IReadOnlyList<NodeSnapshot> children)
    {
        Id = node.Id;
        Name = node.Name;
        Kind = node.Kind;
        State = node.State;
        Age = node.Age;
        SpawnSite = node.SpawnSite;
        _awaited = node.Awaited;
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
    /// What it was waiting for: the path of a child that it awaits, or the number of children that it joins. Null when it
    /// was running, or waited on something outside Treeline.
    /// </summary>
    public string? WaitsOn => _awaited?.Path ?? _joining switch
    {
        0 => null,
        1 => "1 child",
        _ => $"{_joining} children",
    };

    /// <summary>The nodes right below, oldest first.</summary>
    public IReadOnlyList<NodeSnapshot> Children { get; }

    /// <summary>True of a child whose code has not returned, and of a scope whose body has not.</summary>
    internal bool OwnCodeRuns { get; }

    /// <summary>The name and the state.</summary>
    public override string ToString() => $"{Name} ({State})";
}
