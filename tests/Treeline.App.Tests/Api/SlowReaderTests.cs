using System.Net;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Treeline.App.Tests.Support;

namespace Treeline.App.Tests.Api;

public sealed class SlowReaderTests(TestServer server) : IClassFixture<TestServer>
{
    private const int Request = 10_000;

    [Fact]
    public async Task Who_reads_events_too_slowly_is_told_how_many_went_by()
    {
        using var deadline = new CancellationTokenSource(Eventually.Deadline);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(IPAddress.Loopback, server.Address.Port, deadline.Token);
        await using var stream = new NetworkStream(socket);
        // HTTP/1.0: no chunks between the events.
        await stream.WriteAsync("GET /events HTTP/1.0\r\nHost: localhost\r\n\r\n"u8.ToArray(), deadline.Token);
        await ReadHeadAsync(stream, deadline.Token);

        // More than the system's and the server's buffers hold, while nothing is read.
        int submitted = 0;
        string job = $$"""{"type":"gate","delay":"01:00:00","args":"{{new string('x', 10)}}"}""";
        string jobs = $"[{string.Join(',', Enumerable.Repeat(job, Request))}]";
        for (int i = 0; i < 5; i++)
        {
            using HttpResponseMessage response = await server.Http.PostJobsAsync(jobs);
            Assert.Equal(HttpStatusCode.Created, response.StatusCode);
            submitted += Request;
        }

        long seen = 0;
        long missed = 0;
        await foreach (SseItem<string> item in SseParser.Create(stream).EnumerateAsync(deadline.Token))
        {
            seen += item.EventType == "job" ? 1 : 0;
            missed += item.EventType == "lagged" ? JsonSerializer.Deserialize<JsonElement>(item.Data).GetProperty("missed").GetInt64() : 0;
            if (seen + missed == submitted)
            {
                break;
            }
        }

        Assert.True(missed > 0, "The reader was not slow enough to miss anything.");
        Assert.Equal(submitted, seen + missed);
    }

    private static async Task ReadHeadAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            Assert.Equal(1, await stream.ReadAsync(one, cancellationToken));
            head.Append((char)one[0]);
        }
    }
}
