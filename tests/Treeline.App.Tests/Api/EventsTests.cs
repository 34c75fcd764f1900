using System.Net.ServerSentEvents;
using System.Text.Json;
using Treeline.App.Tests.Support;

namespace Treeline.App.Tests.Api;

public sealed class EventsTests(TestServer server) : IClassFixture<TestServer>
{
    private readonly HttpClient _http = server.Http;

    [Fact]
    public async Task A_stream_begins_with_the_counts_and_then_tells_every_change_of_a_job()
    {
        using var deadline = new CancellationTokenSource(Eventually.Deadline);
        using HttpResponseMessage response = await ConnectAsync(deadline.Token);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        await using IAsyncEnumerator<SseItem<string>> events = await ReadAsync(response, deadline.Token);

        Assert.True(await events.MoveNextAsync());
        Assert.Equal("status", events.Current.EventType);
        Assert.Equal(
            ["pending", "running", "completed", "failed", "cancelled", "workers", "uptimeMs", "stopping", "runtime"],
            Json(events.Current).EnumerateObject().Select(property => property.Name));

        long id = await _http.SubmitAsync("""{"type":"fail","maxAttempts":1}""");
        var states = new List<string>();
        JsonElement last = default;
        while (states.LastOrDefault() != "failed")
        {
            Assert.True(await events.MoveNextAsync());
            if (events.Current.EventType == "job" && Json(events.Current).GetProperty("id").GetInt64() == id)
            {
                last = Json(events.Current);
                states.Add(last.GetProperty("state").GetString()!);
            }
        }

        Assert.Equal(["pending", "running", "failed"], states);
        Assert.Equal("fail", last.GetProperty("type").GetString());
        Assert.Equal(1, last.GetProperty("attempts").GetInt32());
        Assert.Contains("meant to fail", last.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.True(last.GetProperty("at").GetDateTimeOffset() > DateTimeOffset.UnixEpoch);

        // The counts follow within a second.
        do
        {
            Assert.True(await events.MoveNextAsync());
        }
        while (events.Current.EventType != "status");

        Assert.True(Json(events.Current).GetProperty("failed").GetInt64() >= 1);
    }

    [Fact]
    public async Task A_stream_is_a_node_until_its_reader_leaves()
    {
        using var deadline = new CancellationTokenSource(Eventually.Deadline);
        int before = await StreamsAsync();
        HttpResponseMessage response = await ConnectAsync(deadline.Token);
        await using (IAsyncEnumerator<SseItem<string>> events = await ReadAsync(response, deadline.Token))
        {
            Assert.True(await events.MoveNextAsync());
            Assert.Equal(before + 1, await StreamsAsync());
        }

        response.Dispose();

        await Eventually.TrueAsync("the stream has left the tree", async () => await StreamsAsync() == before);
    }

    private static JsonElement Json(SseItem<string> item) => JsonSerializer.Deserialize<JsonElement>(item.Data);

    private static async Task<IAsyncEnumerator<SseItem<string>>> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken) =>
        SseParser.Create(await response.Content.ReadAsStreamAsync(cancellationToken))
            .EnumerateAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);

    private Task<HttpResponseMessage> ConnectAsync(CancellationToken cancellationToken) =>
        _http.GetAsync(new Uri("/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellationToken);

    private async Task<int> StreamsAsync()
    {
        JsonElement tree = await _http.GetJsonAsync("/tree");
        return tree.ServerAt(server.Address).NodeNames().Count(name => name == "GET /events");
    }
}
