using System.Net;
using System.Text.Json;
using Treeline.App.Commands;
using Treeline.App.Tests.Support;
using Treeline.Jobs;

namespace Treeline.App.Tests.Api;

/// <summary>How a stop goes, step by step, with handlers that a test controls.</summary>
public sealed class StoppingTests
{
    [Fact]
    public async Task While_it_stops_it_takes_no_jobs_but_still_answers()
    {
        var server = new TestServer { Options = options => options with { Grace = TimeSpan.FromMinutes(10) } };
        await server.InitializeAsync();
        try
        {
            long id = await server.Http.SubmitAsync("""{"type":"gate"}""");
            await server.Http.WaitForStateAsync(id, "running");
            string acceptor = $"acceptor {server.Address.GetLeftPart(UriPartial.Authority)}";
            Assert.Contains(acceptor, LiveNodes());

            server.Signal("SIGTERM");
            await Eventually.TrueAsync("the status says so", async () =>
                (await server.Http.GetJsonAsync("/status")).GetProperty("stopping").GetBoolean());

            using HttpResponseMessage refused = await server.Http.PostJobsAsync("""{"type":"gate"}""");
            JsonElement problem = await refused.JsonAsync(HttpStatusCode.ServiceUnavailable);
            Assert.Equal("urn:treeline:problem:stopping", problem.GetProperty("type").GetString());
            Assert.NotNull(refused.Headers.RetryAfter);
            Assert.Equal("running", await server.Http.StateAsync(id));

            server.OpenGate();
            ShutdownReport report = await server.StoppedAsync();
            Assert.True(report.Clean);
            Assert.DoesNotContain(acceptor, LiveNodes());
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task An_open_stream_ends_with_the_server_and_does_not_hold_it_up()
    {
        var server = new TestServer();
        await server.InitializeAsync();
        try
        {
            using HttpResponseMessage response = await server.Http.GetAsync(
                new Uri("/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
            await using Stream stream = await response.Content.ReadAsStreamAsync();
            Assert.NotEqual(0, await stream.ReadAsync(new byte[1]));

            server.Signal("SIGTERM");

            Assert.True((await server.StoppedAsync()).Clean);
            // Ends properly: a broken connection would throw here.
            await stream.CopyToAsync(Stream.Null).WaitAsync(Eventually.Deadline);
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task What_will_not_stop_is_named_and_left_behind()
    {
        var deaf = new TaskCompletionSource();
        var server = new TestServer
        {
            Options = options => options with { Grace = TimeSpan.Zero, Patience = TimeSpan.FromMilliseconds(300) },
            MoreHandlers = handlers => handlers.Add("deaf", async (_, _) =>
            {
                await deaf.Task;
                return null;
            }),
        };
        await server.InitializeAsync();
        try
        {
            long id = await server.Http.SubmitAsync("""{"type":"deaf"}""");
            await server.Http.WaitForStateAsync(id, "running");

            server.Signal("SIGTERM");
            ShutdownReport report = await server.StoppedAsync();

            Assert.False(report.Clean);
            Assert.Contains(report.StillRunning, path => path.Contains($"job {id} (deaf)", StringComparison.Ordinal));
            using var error = new StringWriter();
            Assert.Equal(ExitCode.Abandoned, ServeCommand.Conclude(report, error));
            Assert.Contains($"job {id} (deaf)", error.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            deaf.SetResult();
            await server.DisposeAsync();
        }
    }

    private static List<string> LiveNodes()
    {
        var names = new List<string>();
        var open = new Stack<NodeSnapshot>(TaskTree.Snapshot().Roots);
        while (open.TryPop(out NodeSnapshot? node))
        {
            names.Add(node.Name);
            foreach (NodeSnapshot child in node.Children)
            {
                open.Push(child);
            }
        }

        return names;
    }
}
