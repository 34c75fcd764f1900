using System.Text.Json;

namespace Treeline.Tests.Diagnostics;

/// <summary>The tree as JSON.</summary>
public sealed class TreeJsonTests : TreeTest
{
    [Fact]
    public Task Each_node_is_an_object_with_those_below_it() => InTime(async () =>
    {
        var signal = new ManualResetSignal("the \"orders\"");
        TaskScope scope = TaskScope.Open(name: "top");
        ChildTask child = scope.Spawn(async ct => await signal.Wait(ct), "waits");
        await Until(() => Find("waits").WaitsOn is not null);

        using JsonDocument json = Json();
        JsonElement top = json.RootElement.GetProperty("roots").EnumerateArray().Single(static root => Text(root, "name") == "top");
        Assert.Equal(json.RootElement.GetProperty("nodes").GetInt32(), TaskTree.Snapshot().Count);
        Assert.Equal(DateTimeKind.Utc, json.RootElement.GetProperty("at").GetDateTime().Kind);
        Assert.Equal(("scope", "running"), (Text(top, "kind"), Text(top, "state")));
        Assert.Equal(JsonValueKind.Null, top.GetProperty("waitsOn").ValueKind);
        Assert.StartsWith("TreeJsonTests.cs:", Text(top, "spawnedAt"), StringComparison.Ordinal);
        JsonElement waits = Assert.Single(top.GetProperty("children").EnumerateArray());
        Assert.Equal(child.Id, waits.GetProperty("id").GetInt64());
        Assert.Equal(("child", "the \"orders\""), (Text(waits, "kind"), Text(waits, "waitsOn")));
        Assert.InRange(waits.GetProperty("ageMs").GetInt64(), 0, 60_000);
        Assert.Empty(waits.GetProperty("children").EnumerateArray());
        Assert.False(waits.TryGetProperty("hidden", out _));
        signal.Set();
        await scope.JoinAsync();
    });

    [Fact]
    public Task Levels_that_no_reader_could_take_are_counted() => InTime(async () =>
    {
        await using CancelScope top = CancelScope.Open(name: "top");
        CancelScope deepest = top;
        for (int i = 1; i < 1000; i++)
        {
            deepest = deepest.Child("below");
        }

        using JsonDocument json = Json();
        JsonElement node = json.RootElement.GetProperty("roots").EnumerateArray().Single(static root => Text(root, "name") == "top");
        for (int level = 1; level < 400; level++)
        {
            Assert.False(node.TryGetProperty("hidden", out _));
            node = Assert.Single(node.GetProperty("children").EnumerateArray());
        }

        Assert.Equal(600, node.GetProperty("hidden").GetInt32());
        Assert.Empty(node.GetProperty("children").EnumerateArray());
    });

    private static string? Text(JsonElement node, string name) => node.GetProperty(name).GetString();

    private static JsonDocument Json()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            TaskTree.Snapshot().WriteJson(writer);
        }

        return JsonDocument.Parse(stream.ToArray(), new JsonDocumentOptions { MaxDepth = 1000 });
    }
}
