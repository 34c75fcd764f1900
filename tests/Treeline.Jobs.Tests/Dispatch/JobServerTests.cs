using System.Text.Json;

namespace Treeline.Jobs.Tests;

public sealed class JobServerTests
{
    private readonly Gate _gate = new();

    private JobHandlers Handlers => field ??= new JobHandlers()
        .AddSleep()
        .AddCpu()
        .Add("gate", _gate.Handler)
        .Add("throw", (job, _) => throw new InvalidOperationException($"attempt {job.Attempt}"))
        .Add("greet", (job, _) => Task.FromResult<object?>(new { Said = $"Hello, {job.ReadArgs<Greeting>().Name}" }));

    [Fact]
    public async Task A_program_s_own_handler_gets_its_arguments_and_its_result_is_stored()
    {
        await using TestServer server = await TestServer.StartAsync(Handlers);

        long id = await server.SubmitAsync("greet", """{"name":"Ada"}""");
        Job job = await server.UntilAsync(id, JobState.Succeeded);

        Assert.Equal("""{"said":"Hello, Ada"}""", job.Result!.Value.GetRawText());
        Assert.Equal([JobState.Pending, JobState.Running, JobState.Succeeded], server.Log.StatesOf(id));
    }

    [Fact]
    public async Task Arguments_that_do_not_fit_fail_the_attempt()
    {
        await using TestServer server = await TestServer.StartAsync(Handlers);

        long none = await server.SubmitAsync("greet", maxAttempts: 1);
        long wrong = await server.SubmitAsync("greet", """{"name":[]}""", maxAttempts: 1);

        Assert.Equal($"JsonException: Job {none} (greet) needs args: Greeting.", (await server.UntilAsync(none, JobState.Failed)).Error);
        Assert.StartsWith("JsonException: ", (await server.UntilAsync(wrong, JobState.Failed)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sleep_sleeps_its_time()
    {
        await using TestServer server = await TestServer.StartAsync(Handlers);

        long id = await server.SubmitAsync("sleep", """{"ms":5000}""");
        DateTimeOffset submitted = server.Clock.GetUtcNow();
        Job job = await server.AdvanceUntilAsync(id, JobState.Succeeded, TimeSpan.FromMilliseconds(500), others: 1);

        Assert.True(job.FinishedAt >= submitted.AddSeconds(5), $"{job.FinishedAt} is less than 5 s after {submitted}");
    }

    [Fact]
    public async Task A_cpu_job_counts_primes()
    {
        await using TestServer server = await TestServer.StartAsync(Handlers);

        Job job = await server.UntilAsync(await server.SubmitAsync("cpu", """{"n":1000}"""), JobState.Succeeded);

        Assert.Equal("""{"primes":168}""", job.Result!.Value.GetRawText());
    }

    [Fact]
    public async Task Submission_is_all_or_nothing()
    {
        await using TestServer server = await TestServer.StartAsync(Handlers);

        await Assert.ThrowsAsync<InvalidJobException>(() => server.Server.SubmitAsync([new NewJob("throw"), new NewJob("unknown")]));

        Assert.Equal(new JobCounts(0, 0, 0, 0, 0), await server.Server.CountAsync());
        Assert.Empty(await server.Server.SubmitAsync([]));
    }

    [Fact]
    public async Task Jobs_can_be_submitted_and_cancelled_before_the_server_runs()
    {
        await using TestServer server = await TestServer.StartAsync(Handlers, run: false);
        long kept = await server.SubmitAsync("greet", """{"name":"Ada"}""");
        long cancelled = await server.SubmitAsync("greet", """{"name":"Bob"}""");

        Assert.Equal(CancelResult.Cancelled, await server.Server.CancelAsync(cancelled));
        Assert.Equal(new JobCounts(1, 0, 0, 0, 1), await server.Server.CountAsync());

        Task<ShutdownReport> run = server.Server.RunAsync();
        await server.UntilAsync(kept, JobState.Succeeded);
        server.Server.Stop();
        Assert.True((await run.WaitAsync(Deadline.Of)).Clean);
    }

    [Fact]
    public async Task A_delayed_job_waits_for_its_time()
    {
        await using TestServer server = await TestServer.StartAsync(Handlers);
        DateTimeOffset submitted = server.Clock.GetUtcNow();
        long id = await server.SubmitAsync("greet", """{"name":"Ada"}""", delay: TimeSpan.FromMinutes(1));

        server.Clock.Advance(TimeSpan.FromSeconds(59));
        long other = await server.SubmitAsync("greet", """{"name":"Bob"}""");
        await server.UntilAsync(other, JobState.Succeeded);
        Assert.Equal(JobState.Pending, (await server.FindAsync(id)).State);

        Job job = await server.AdvanceUntilAsync(id, JobState.Succeeded, TimeSpan.FromSeconds(1));
        Assert.True(job.StartedAt >= submitted.AddMinutes(1));
    }

    [Fact]
    public async Task No_more_jobs_run_than_there_are_workers_and_priority_says_which()
    {
        await using TestServer server = await TestServer.StartAsync(Handlers, workers: 2, run: false);
        long[] low = [await server.SubmitAsync("gate"), await server.SubmitAsync("gate")];
        long[] high = [await server.SubmitAsync("gate", priority: 1), await server.SubmitAsync("gate", priority: 1)];
        Task<ShutdownReport> run = server.Server.RunAsync();

        await _gate.ArrivalAsync(high[0]);
        await _gate.ArrivalAsync(high[1]);
        Assert.Equal(new JobCounts(2, 2, 0, 0, 0), await server.Server.CountAsync());

        _gate.Open(high[0]);
        await _gate.ArrivalAsync(low[0]);
        Assert.Equal(JobState.Pending, (await server.FindAsync(low[1])).State);
        Array.ForEach([.. high, .. low], id => _gate.Open(id));
        await server.UntilAsync(low[1], JobState.Succeeded);
        server.Server.Stop();
        await run.WaitAsync(Deadline.Of);
    }

    [Fact]
    public async Task A_failing_job_is_tried_again_after_a_wait_within_its_bounds_until_its_attempts_are_used_up()
    {
        await using TestServer server = await TestServer.StartAsync(Handlers);
        long id = await server.SubmitAsync("throw", maxAttempts: 4);

        for (int attempt = 1; attempt < 4; attempt++)
        {
            // The wait may be over by the time the job is looked at: what it was told is in the event.
            Job waiting = await server.AdvanceUntilAsync(id, JobState.Pending, TimeSpan.FromMilliseconds(100));
            JobEvent failed = server.Log.All.Last(happened => happened.Id == id && happened.State == JobState.Pending);
            Assert.Equal((attempt, $"InvalidOperationException: attempt {attempt}"), (failed.Attempts, failed.Error));
            Assert.InRange(waiting.RunAt - failed.At, TimeSpan.Zero, TimeSpan.FromSeconds(1 << (attempt - 1)));
        }

        Job dead = await server.AdvanceUntilAsync(id, JobState.Failed, TimeSpan.FromSeconds(1));
        Assert.Equal((4, "InvalidOperationException: attempt 4"), (dead.Attempts, dead.Error));
        Assert.Equal(
            [JobState.Pending, .. Enumerable.Repeat<JobState[]>([JobState.Running, JobState.Pending], 3).SelectMany(s => s), JobState.Running, JobState.Failed],
            server.Log.StatesOf(id));
    }

    [Fact]
    public async Task A_running_job_is_cancelled_with_all_that_runs_below_it()
    {
        var below = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Handlers.Add("family", async (job, cancellationToken) =>
        {
            job.Scope.Spawn(
                async token =>
                {
                    try
                    {
                        await Task.Delay(Timeout.Infinite, token);
                    }
                    finally
                    {
                        below.SetResult();
                    }
                },
                "child");
            return await _gate.Handler(job, cancellationToken);
        });
        await using TestServer server = await TestServer.StartAsync(Handlers);
        long id = await server.SubmitAsync("family");
        await _gate.ArrivalAsync(id);

        Assert.Equal(CancelResult.Requested, await server.Server.CancelAsync(id));
        Job job = await server.UntilAsync(id, JobState.Cancelled);

        await below.Task.WaitAsync(Deadline.Of);
        Assert.Equal((true, 1, null), (job.CancelRequested, job.Attempts, job.Error));
        Assert.Equal(CancelResult.AlreadyFinished, await server.Server.CancelAsync(id));
        Assert.Equal(CancelResult.NotFound, await server.Server.CancelAsync(id + 1));
    }

    [Fact]
    public async Task A_job_that_finishes_although_it_was_cancelled_has_succeeded()
    {
        Handlers.Add("stubborn", _gate.StubbornHandler);
        await using TestServer server = await TestServer.StartAsync(Handlers);
        long id = await server.SubmitAsync("stubborn");
        await _gate.ArrivalAsync(id);

        await server.Server.CancelAsync(id);
        _gate.Open(id, 7);

        Job job = await server.UntilAsync(id, JobState.Succeeded);
        Assert.Equal((true, "7"), (job.CancelRequested, job.Result!.Value.GetRawText()));
    }

    [Fact]
    public async Task An_error_after_a_cancellation_ends_the_job_cancelled_and_is_kept()
    {
        Handlers.Add("stubborn", _gate.StubbornHandler);
        await using TestServer server = await TestServer.StartAsync(Handlers);
        long id = await server.SubmitAsync("stubborn");
        await _gate.ArrivalAsync(id);

        await server.Server.CancelAsync(id);
        _gate.Fail(id, new IOException("the line is dead"));

        Assert.Equal("IOException: the line is dead", (await server.UntilAsync(id, JobState.Cancelled)).Error);
    }

    [Fact]
    public async Task A_cancellation_nobody_asked_for_is_a_failure()
    {
        await using TestServer server = await TestServer.StartAsync(Handlers);
        long id = await server.SubmitAsync("gate", maxAttempts: 1);
        await _gate.ArrivalAsync(id);

        _gate.Fail(id, new OperationCanceledException("a timeout of its own"));

        Assert.Equal("OperationCanceledException: a timeout of its own", (await server.UntilAsync(id, JobState.Failed)).Error);
    }

    [Fact]
    public async Task A_failure_below_the_handler_fails_the_job()
    {
        Handlers.Add("family", async (job, cancellationToken) =>
        {
            job.Scope.Spawn(Task (_) => throw new IOException("below"), "child");
            return await _gate.Handler(job, cancellationToken);
        });
        await using TestServer server = await TestServer.StartAsync(Handlers);

        Job job = await server.UntilAsync(await server.SubmitAsync("family", maxAttempts: 1), JobState.Failed);

        Assert.Equal("IOException: below", job.Error);
    }

    [Fact]
    public async Task A_result_that_is_not_json_fails_the_job()
    {
        Handlers.Add("loop", (_, _) => Task.FromResult<object?>(typeof(string)));
        await using TestServer server = await TestServer.StartAsync(Handlers);

        Job job = await server.UntilAsync(await server.SubmitAsync("loop", maxAttempts: 1), JobState.Failed);

        Assert.StartsWith("NotSupportedException: ", job.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Arguments_that_are_damaged_on_disk_fail_their_own_job_and_no_other()
    {
        using var directory = new TempDirectory();
        await using TestServer server = await TestServer.StartAsync(Handlers, directory.DataFile);
        long damaged = await server.SubmitAsync("greet", """{"name":"Ada"}""", maxAttempts: 1, delay: TimeSpan.FromSeconds(1));
        Sql.Number(directory.DataFile, $"UPDATE jobs SET args = '{{' WHERE id = {damaged} RETURNING id");

        Job job = await server.AdvanceUntilAsync(damaged, JobState.Failed, TimeSpan.FromSeconds(1));

        Assert.StartsWith("Json", job.Error, StringComparison.Ordinal);
        Assert.Equal("{", job.Args!.Value.GetString());
        await server.UntilAsync(await server.SubmitAsync("greet", """{"name":"Bob"}"""), JobState.Succeeded);
    }

    [Fact]
    public async Task Arguments_may_be_nested_deeper_than_readers_allow_by_default()
    {
        await using TestServer server = await TestServer.StartAsync(Handlers);
        string deep = $"{new string('[', 500)}{new string(']', 500)}";
        IReadOnlyList<long> ids = await server.Server.SubmitAsync(
            [new NewJob("gate") { Args = JsonElement.Parse(deep, new JsonDocumentOptions { MaxDepth = 500 }) }]);

        Assert.Equal(deep, (await _gate.ArrivalAsync(ids[0])).Args!.Value.GetRawText());
        Assert.Equal(deep, (await server.FindAsync(ids[0])).Args!.Value.GetRawText());
        _gate.Open(ids[0]);
        await server.UntilAsync(ids[0], JobState.Succeeded);
    }

    [Fact]
    public async Task A_job_of_a_type_this_server_does_not_know_fails_with_the_types_it_knows()
    {
        using var directory = new TempDirectory();
        long id;
        await using (TestServer other = await TestServer.StartAsync(Handlers, directory.DataFile, run: false))
        {
            id = await other.SubmitAsync("gate", maxAttempts: 1);
        }

        await using TestServer server = await TestServer.StartAsync(new JobHandlers().AddSleep().AddCpu(), directory.DataFile);

        Assert.Equal(
            "This server has no handler for 'gate'; it knows cpu, sleep.", (await server.UntilAsync(id, JobState.Failed)).Error);
    }

    [Fact]
    public async Task Server_store_workers_and_jobs_are_nodes_of_the_live_tree()
    {
        Handlers.Add("family", async (job, cancellationToken) =>
        {
            job.Scope.Spawn(token => Task.Delay(Timeout.Infinite, token), "child");
            return await _gate.Handler(job, cancellationToken);
        });
        NodeSnapshot root = await TaskScope.RunAsync(
            async scope =>
            {
                await using TestServer server = await TestServer.StartAsync(Handlers, workers: 2);
                long id = await server.SubmitAsync("family");
                await _gate.ArrivalAsync(id);
                NodeSnapshot here = TaskTree.Snapshot().Roots.Single(node => node.Id == scope.Id);
                await server.Server.CancelAsync(id);
                await server.UntilAsync(id, JobState.Cancelled);
                return here;
            },
            new ScopeOptions { Name = "app" });

        string[] tree = [.. Flatten(root, string.Empty)];
        Assert.Contains("/app/job store/store writer", tree);
        Assert.Contains("/app/job server/lease keeper", tree);
        Assert.Contains("/app/job server/dispatcher", tree);
        Assert.Contains("/app/job server/workers/worker 1", tree);
        Assert.Contains("/app/job server/workers/worker 2", tree);
        Assert.Contains(tree, path => path.EndsWith("/job 1 (family)/child", StringComparison.Ordinal)
            && path.StartsWith("/app/job server/workers/worker ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_runs_once()
    {
        await using TestServer server = await TestServer.StartAsync(Handlers);

        await Assert.ThrowsAsync<InvalidOperationException>(() => server.Server.RunAsync());
    }

    [Fact]
    public async Task A_disposed_server_says_so()
    {
        using var directory = new TempDirectory();
        JobServer server = await JobServer.OpenAsync(new JobServerOptions { DataFile = directory.DataFile, Handlers = Handlers });
        await server.DisposeAsync();
        await server.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => server.SubmitAsync([new NewJob("throw")]));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => server.FindAsync(1));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => server.CancelAsync(1));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => server.RunAsync());
    }

    [Fact]
    public async Task Options_out_of_range_are_refused()
    {
        using var directory = new TempDirectory();
        JobServerOptions Options(int workers = 1, int lease = 30, int grace = 1) => new()
        {
            DataFile = directory.DataFile,
            Handlers = Handlers,
            Workers = workers,
            Lease = TimeSpan.FromSeconds(lease),
            Grace = TimeSpan.FromSeconds(grace),
        };

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>("Workers", () => JobServer.OpenAsync(Options(workers: 0)));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>("Lease", () => JobServer.OpenAsync(Options(lease: 0)));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>("Grace", () => JobServer.OpenAsync(Options(grace: 86_401)));
        Assert.False(File.Exists(directory.DataFile));
    }

    private static IEnumerable<string> Flatten(NodeSnapshot node, string above)
    {
        string path = $"{above}/{node.Name}";
        return node.Children.SelectMany(child => Flatten(child, path)).Prepend(path);
    }

    private sealed record Greeting(string Name);
}
