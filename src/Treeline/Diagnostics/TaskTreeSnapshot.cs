namespace Treeline;

/// <summary>All nodes that were alive, as a tree.</summary>
public sealed class TaskTreeSnapshot
{
    internal TaskTreeSnapshot(DateTimeOffset takenAt, IReadOnlyList<NodeSnapshot> roots, int count)
    {
        TakenAt = takenAt;
        Roots = roots;
        Count = count;
    }

    /// <summary>When it was taken (UTC).</summary>
    public DateTimeOffset TakenAt { get; }

    /// <summary>The scopes that were opened outside any other, oldest first.</summary>
    public IReadOnlyList<NodeSnapshot> Roots { get; }

    /// <summary>The number of nodes in the whole tree.</summary>
    public int Count { get; }
}
