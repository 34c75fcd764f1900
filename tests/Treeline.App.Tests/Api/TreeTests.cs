using System.Text.Json;
using Treeline.App.Tests.Support;

namespace Treeline.App.Tests.Api;

public sealed class TreeTests(TestServer server) : IClassFixture<TestServer>
{
    private readonly HttpClient _http = server.Http;

    [Fact]
    public async Task The_server_and_its_parts_are_nodes()
    {
        JsonElement tree = await _http.GetJsonAsync("/tree");

        Assert.Equal(tree.GetProperty("roots").EnumerateArray().Sum(node => node.NodeNames().Count()), tree.GetProperty("nodes").GetInt32());
        Assert.True(tree.GetProperty("at").GetDateTimeOffset() > DateTimeOffset.UnixEpoch);
        JsonElement root = tree.ServerAt(server.Address);
        Assert.Equal("treeline", root.GetProperty("name").GetString());
        Assert.Equal("scope", root.GetProperty("kind").GetString());
        Assert.Equal("running", root.GetProperty("state").GetString());
        Assert.StartsWith("TreelineServer.cs:", root.GetProperty("spawnedAt").GetString(), StringComparison.Ordinal);
        Assert.Equal(
            ["http", "job store", "jobs", "signals"],
            root.GetProperty("children").EnumerateArray().Select(node => node.GetProperty("name").GetString()!).Order());
    }

    [Fact]
    public async Task A_running_job_is_a_node_until_it_has_ended()
    {
        long id = await _http.SubmitAsync("""{"type":"sleep","args":{"ms":600000}}""");
        string name = $"job {id} (sleep)";
        await Eventually.TrueAsync("the job is in the tree", () => IsInTreeAsync(name));

        using HttpResponseMessage cancelled = await _http.DeleteAsync(new Uri($"/jobs/{id}", UriKind.Relative));

        cancelled.EnsureSuccessStatusCode();
        await Eventually.TrueAsync("the job has left the tree", async () => !await IsInTreeAsync(name));
    }

    private async Task<bool> IsInTreeAsync(string name) => (await _http.GetJsonAsync("/tree")).ServerAt(server.Address).NodeNames().Contains(name);
}
