namespace Treeline;

/// <summary>A node has begun or ended.</summary>
public readonly struct TreeChange
{
    private readonly TreeNode _node;

    internal TreeChange(TreeChangeKind kind, TreeNode node)
    {
        Kind = kind;
        _node = node;
        Id = node.Id;
        State = node.State;
    }

    /// <summary>What has happened.</summary>
    public TreeChangeKind Kind { get; }

    /// <summary>The node's number, as <see cref="NodeSnapshot.Id"/>.</summary>
    public long Id { get; }

    /// <summary>The name it was given, or else where it was spawned.</summary>
    public string Name => _node.Name;

    /// <summary>The names from the top of the tree down to it. Put together when asked for.</summary>
    public string Path => _node.Path;

    /// <summary>Scope, child task or cancel scope.</summary>
    public NodeKind NodeKind => _node.Kind;

    /// <summary>The file and line that created it, such as <c>Program.cs:12</c>.</summary>
    public string SpawnSite => _node.SpawnSite;

    /// <summary>What it was doing when that happened; if it has ended, how it ended.</summary>
    public NodeState State { get; }

    /// <summary>What it failed with; null unless it did, or was abandoned.</summary>
    public Exception? Error => State is NodeState.Failed or NodeState.Abandoned ? _node.Failure : null;

    /// <summary>The kind of the change, the path and the state.</summary>
    public override string ToString() => $"{Kind}: {Path} ({State})";
}
