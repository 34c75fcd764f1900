using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Treeline.App.Server;
using Treeline.App.Tests.Cli;
using Treeline.App.Tests.Support;
using Treeline.Jobs;
using Xunit.Abstractions;

namespace Treeline.App.Tests.Api;

/// <summary>A server whose jobs run on a runtime.</summary>
public sealed partial class RuntimeTests(ITestOutputHelper log) : IAsyncLifetime
{
    private readonly ManualResetEventSlim _told = new();
    private readonly ManualResetEventSlim _deafHears = new();
    private TestServer _server = null!;
    private volatile string? _slowPoll;

    public async Task InitializeAsync()
    {
        _server = Make(JobRuntime.Treeline);
        await _server.InitializeAsync();
    }

    public async Task DisposeAsync()
    {
        _deafHears.Set();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Every_step_of_a_job_runs_on_a_worker_of_the_runtime()
    {
        long[] ids = await _server.Http.SubmitManyAsync(Enumerable.Repeat("""{"type":"where"}""", 50));

        foreach (long id in ids)
        {
            await _server.Http.WaitForStateAsync(id, "succeeded");
            JsonElement job = await _server.Http.JobAsync(id);
            Assert.Equal(7, job.GetProperty("result").GetArrayLength());
            Assert.All(
                job.GetProperty("result").EnumerateArray(),
                static thread => Assert.StartsWith("Treeline worker", thread.GetString(), StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task The_jobs_stand_in_the_tree_where_they_do_without_a_runtime()
    {
        TestServer pooled = Make(JobRuntime.Pool);
        await pooled.InitializeAsync();
        try
        {
            Assert.Equal(await PathOfAJobAsync(pooled), await PathOfAJobAsync(_server));

            JsonElement tree = await _server.Http.GetJsonAsync("/tree");
            Assert.Equal(
                ["http", "job store", "jobs", "runtime", "signals"],
                tree.ServerAt(_server.Address).GetProperty("children").EnumerateArray().Select(node => node.GetProperty("name").GetString()!).Order());
        }
        finally
        {
            await pooled.DisposeAsync();
        }
    }

    [Fact]
    public async Task The_status_shows_the_runtime()
    {
        long id = await _server.Http.SubmitAsync("""{"type":"where"}""");
        await _server.Http.WaitForStateAsync(id, "succeeded");

        JsonElement runtime = (await _server.Http.GetJsonAsync("/status")).GetProperty("runtime");
        CommandLine command = await CommandLine.RunAsync(log, _server, "jobs", "status");

        Assert.Equal(Environment.ProcessorCount, runtime.GetProperty("workers").GetInt32());
        Assert.True(runtime.GetProperty("polls").GetInt64() > 0);
        string driver = runtime.GetProperty("driver").GetString()!;
        Assert.Equal(OperatingSystem.IsLinux() ? "epoll" : "portable", driver);
        Assert.Matches($@"Jobs run on Treeline's runtime: \d+ workers?, {driver}\.", command.Output);
    }

    [Fact]
    public async Task Without_a_runtime_the_status_shows_none()
    {
        TestServer pooled = Make(JobRuntime.Pool);
        await pooled.InitializeAsync();
        try
        {
            Assert.Equal(JsonValueKind.Null, (await pooled.Http.GetJsonAsync("/status")).GetProperty("runtime").ValueKind);
        }
        finally
        {
            await pooled.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_job_that_keeps_its_worker_is_named_in_the_log()
    {
        // It blocks until the log has told of it.
        long id = await _server.Http.SubmitAsync("""{"type":"slow"}""");
        await _server.Http.WaitForStateAsync(id, "succeeded");

        Assert.True(JsonSerializer.Deserialize<bool>((await _server.Http.JobAsync(id)).GetProperty("result")));
        Assert.Contains("without awaiting anything", _slowPoll, StringComparison.Ordinal);
        JsonElement status = await _server.Http.GetJsonAsync("/status");
        Assert.True(status.GetProperty("runtime").GetProperty("slowPolls").GetInt64() >= 1);
    }

    [Fact]
    public async Task A_stop_lets_the_jobs_finish_and_ends_the_runtime()
    {
        long id = await _server.Http.SubmitAsync("""{"type":"gate"}""");
        await _server.Http.WaitForStateAsync(id, "running");

        _server.Signal("SIGTERM");
        await Eventually.TrueAsync("the status says so", async () =>
            (await _server.Http.GetJsonAsync("/status")).GetProperty("stopping").GetBoolean());
        _server.OpenGate();

        Assert.True((await _server.StoppedAsync()).Clean);
    }

    [Fact]
    public async Task A_job_that_blocks_for_ever_is_named_and_left_behind()
    {
        long id = await _server.Http.SubmitAsync("""{"type":"deaf"}""");
        await _server.Http.WaitForStateAsync(id, "running");

        _server.Signal("SIGTERM");
        _server.Signal("SIGTERM");
        ShutdownReport report = await _server.StoppedAsync();

        Assert.False(report.Clean);
        Assert.Contains(report.StillRunning, path => path.Contains($"job {id} (deaf)", StringComparison.Ordinal));
    }

    /// <summary>The names from the root to a job, without their numbers.</summary>
    private static async Task<string> PathOfAJobAsync(TestServer server)
    {
        long id = await server.Http.SubmitAsync("""{"type":"gate"}""");
        await server.Http.WaitForStateAsync(id, "running");
        JsonElement tree = await server.Http.GetJsonAsync("/tree");
        string path = PathTo(tree.ServerAt(server.Address), $"job {id} (gate)")!;
        return Number().Replace(path, "#");
    }

    private static string? PathTo(JsonElement node, string name)
    {
        string own = node.GetProperty("name").GetString()!;
        if (own == name)
        {
            return own;
        }

        return node.GetProperty("children").EnumerateArray().Select(child => PathTo(child, name)).FirstOrDefault(below => below is not null)
            is { } found ? $"{own}/{found}" : null;
    }

    [GeneratedRegex(@"\d+")]
    private static partial Regex Number();

    private static async Task<object?> WhereAsync(JobContext job, CancellationToken cancellationToken)
    {
        var threads = new List<string?> { Thread.CurrentThread.Name };
        await Task.Yield();
        threads.Add(Thread.CurrentThread.Name);
        await Task.Delay(1, cancellationToken);
        threads.Add(Thread.CurrentThread.Name);
        await Task.Run(() => { }, cancellationToken);
        threads.Add(Thread.CurrentThread.Name);
        await Clock.Delay(TimeSpan.FromMilliseconds(1), cancellationToken);
        threads.Add(Thread.CurrentThread.Name);
        threads.Add(await job.Scope.Spawn(async ct =>
        {
            await Fiber.Yield();
            return Thread.CurrentThread.Name;
        }));
        threads.Add(Thread.CurrentThread.Name);
        return threads;
    }

    private TestServer Make(JobRuntime runtime) => new()
    {
        Options = options => options with { Runtime = runtime, Patience = TimeSpan.FromSeconds(2) },
        Loggers = new LogLines((level, line) =>
        {
            if (level == LogLevel.Warning && line.Contains("(slow)", StringComparison.Ordinal))
            {
                _slowPoll = line;
                _told.Set();
            }
        }),
        MoreHandlers = handlers => handlers
            .Add("where", WhereAsync)
            .Add("slow", (_, _) => Task.FromResult<object?>(_told.Wait(Eventually.Deadline, CancellationToken.None)))
            .Add("deaf", (_, _) => Task.FromResult<object?>(_deafHears.Wait(Eventually.Deadline, CancellationToken.None))),
    };
}
