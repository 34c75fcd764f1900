using System.Text.Json;

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

    /// <summary>Every node, parents before their children.</summary>
    internal IEnumerable<NodeSnapshot> All
    {
        get
        {
            var open = new Queue<IReadOnlyList<NodeSnapshot>>([Roots]);
            while (open.TryDequeue(out IReadOnlyList<NodeSnapshot>? nodes))
            {
                foreach (NodeSnapshot node in nodes)
                {
                    yield return node;
                    if (node.Children.Count > 0)
                    {
                        open.Enqueue(node.Children);
                    }
                }
            }
        }
    }

    /// <summary>
    /// Writes the tree as one JSON object: <c>at</c>, <c>nodes</c> (their number) and <c>roots</c>, each with <c>id</c>,
    /// <c>name</c>, <c>kind</c>, <c>state</c>, <c>ageMs</c>, <c>spawnedAt</c>, <c>waitsOn</c> (null: running or external) and
    /// <c>children</c>. Below level 400 nodes are only counted, in <c>hidden</c>: readers of JSON have stacks that end.
    /// </summary>
    /// <param name="writer">Where it goes. It is not flushed.</param>
    public void WriteJson(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        TreeJson.Write(writer, this);
    }

    /// <summary>The number of nodes and the time.</summary>
    public override string ToString() => $"{Count} nodes at {TreeText.Time(TakenAt)}";
}
