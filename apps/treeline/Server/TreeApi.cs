using System.Text.Encodings.Web;
using System.Text.Json;
using Treeline.App.Wire;

namespace Treeline.App.Server;

/// <summary><c>GET /tree</c>: everything that runs in this process, as nested JSON.</summary>
internal static class TreeApi
{
    /// <summary>Levels written out. Deeper ones are counted in <c>hidden</c>: a reader's stack has an end, and so has ours.</summary>
    private const int MaxLevels = 400;

    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Map(WebApplication app) => app.MapGet("/tree", AnswerAsync);

    private static async Task AnswerAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        using (var writer = new Utf8JsonWriter(context.Response.BodyWriter, s_options))
        {
            Write(writer, TaskTree.Snapshot());
        }

        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    public static void Write(Utf8JsonWriter writer, TaskTreeSnapshot tree)
    {
        writer.WriteStartObject();
        writer.WriteString("at", UtcTimeConverter.Text(tree.TakenAt));
        writer.WriteNumber("nodes", tree.Count);
        writer.WriteStartArray("roots");
        foreach (NodeSnapshot root in tree.Roots)
        {
            Write(writer, root, 1);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.Flush();
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
        writer.WriteString("waitsOn", node.WaitsOn);
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
