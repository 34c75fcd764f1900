using System.Text.Json;

namespace Treeline;

/// <summary>The tree as JSON, written by hand: no reflection, so it stays when a program is trimmed.</summary>
internal static class TreeJson
{
    /// <summary>Levels written out; also what bounds the recursion here. Two levels of JSON each: a reader allows 1,000.</summary>
    public const int MaxLevels = 400;

    public static void Write(Utf8JsonWriter writer, TaskTreeSnapshot tree)
    {
        writer.WriteStartObject();
        writer.WriteString("at", TreeText.Time(tree.TakenAt));
        writer.WriteNumber("nodes", tree.Count);
        writer.WriteStartArray("roots");
        foreach (NodeSnapshot root in tree.Roots)
        {
            Write(writer, root, 1);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, NodeSnapshot node, int level)
    {
        writer.WriteStartObject();
        writer.WriteNumber("id", node.Id);
        writer.WriteString("name", node.Name);
        writer.WriteString("kind", JsonNamingPolicy.CamelCase.ConvertName(node.Kind.ToString()));
        writer.WriteString("state", JsonNamingPolicy.CamelCase.ConvertName(node.State.ToString()));
        writer.WriteNumber("ageMs", (long)node.Age.TotalMilliseconds);
        writer.WriteString("spawnedAt", node.SpawnSite);
        writer.WriteString("waitsOn", node.WaitsOnInShort);
        if (level == MaxLevels && node.Children.Count > 0)
        {
            writer.WriteNumber("hidden", Count(node.Children));
        }

        writer.WriteStartArray("children");
        if (level < MaxLevels)
        {
            foreach (NodeSnapshot child in node.Children)
            {
                Write(writer, child, level + 1);
            }
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static int Count(IReadOnlyList<NodeSnapshot> nodes)
    {
        int count = 0;
        var left = new Stack<NodeSnapshot>(nodes);
        while (left.TryPop(out NodeSnapshot? node))
        {
            count++;
            foreach (NodeSnapshot child in node.Children)
            {
                left.Push(child);
            }
        }

        return count;
    }
}
