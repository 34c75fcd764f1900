using Microsoft.Extensions.Logging;

namespace Treeline.Jobs.Tests;

/// <remarks>All in virtual time: grace is 30 s and patience 5 s, the defaults.</remarks>
public sealed class ShutdownTests : IDisposable
{
    private readonly Gate _gate = new();
    private readonly LogRecorder _logs = new();

    private JobHandlers Handlers => field ??= new JobHandlers().Add("gate", _gate.Handler).Add("stubborn", _gate.StubbornHandler);

    public void Dispose() => _logs.Dispose();

    [Fact]
    public async Task An_idle_server_stops_at_once_and_clean()
    {
        await using TestServer server = await StartAsync();

        server.Server.Stop();

        Assert.Equal((true, 0), Summary(await server.Run.WaitAsync(Deadline.Of)));
    }

    [Fact]
    public async Task Stopping_before_running_runs_nothing()
    {
        await using TestServer server = await StartAsync(run: false);
        long id = await server.SubmitAsync("gate");

        server.Server.Stop();

        Assert.True((await server.Server.RunAsync().WaitAsync(Deadline.Of)).Clean);
        Assert.Equal((JobState.Pending, 0), await StateAsync(server, id));
    }

    [Fact]
    public async Task Within_the_grace_period_running_jobs_finish_and_nothing_new_starts()
    {
        await using TestServer server = await StartAsync(workers: 1);
        long running = await server.SubmitAsync("gate");
        await _gate.ArrivalAsync(running);
        long waiting = await server.SubmitAsync("gate");

        server.Server.Stop();
        server.Clock.Advance(TimeSpan.FromSeconds(29));
        long late = await server.SubmitAsync("gate");
        _gate.Open(running);

        Assert.Equal((true, 0), Summary(await server.Run.WaitAsync(Deadline.Of)));
        Assert.Equal((JobState.Succeeded, 1), await StateAsync(server, running));
        Assert.Equal((JobState.Pending, 0), await StateAsync(server, waiting));
        Assert.Equal((JobState.Pending, 0), await StateAsync(server, late));
        Assert.DoesNotContain(JobState.Running, server.Log.StatesOf(waiting));
    }

    [Fact]
    public async Task After_the_grace_period_running_jobs_are_cancelled_and_go_back_to_pending_uncounted()
    {
        await using TestServer server = await StartAsync();
        long id = await server.SubmitAsync("gate", maxAttempts: 1);
        await _gate.ArrivalAsync(id);
        DateTimeOffset stopped = server.Clock.GetUtcNow();

        server.Server.Stop();
        await server.Clock.AdvanceUntilAsync(
            EventuallyAsync(() => _logs.Lines.Any(line => line.Id.Id == 3)), TimeSpan.FromSeconds(1));

        Assert.Equal((true, 0), Summary(await server.Run.WaitAsync(Deadline.Of)));
        Assert.Equal((JobState.Pending, 0), await StateAsync(server, id));
        Assert.True((await server.Log.UntilAsync(id, JobState.Pending)).At >= stopped.AddSeconds(30), "cancelled before the grace period was over");
        Assert.Contains(_logs.Lines, line => line.Text == "Cancelling 1 running jobs: the grace period is over.");
    }

    [Fact]
    public async Task Cancel_does_not_wait_for_the_grace_period_also_after_a_stop()
    {
        await using TestServer server = await StartAsync();
        long id = await server.SubmitAsync("gate");
        await _gate.ArrivalAsync(id);

        server.Server.Stop();
        server.Server.Cancel("second Ctrl-C");

        Assert.Equal((true, 0), Summary(await server.Run.WaitAsync(Deadline.Of)));
        Assert.Equal((JobState.Pending, 0), await StateAsync(server, id));
        Assert.Contains(_logs.Lines, line => line.Text.Contains("second Ctrl-C", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_will_not_stop_is_named_and_left_behind_and_its_job_goes_back_to_pending()
    {
        await using TestServer server = await StartAsync(workers: 2);
        long obedient = await server.SubmitAsync("gate");
        long stuck = await server.SubmitAsync("stubborn");
        await _gate.ArrivalAsync(obedient);
        await _gate.ArrivalAsync(stuck);

        server.Server.Cancel("the test says so");
        await server.UntilAsync(obedient, JobState.Pending);
        Assert.False(server.Run.IsCompleted);
        await server.Clock.AdvanceUntilAsync(server.Run, TimeSpan.FromSeconds(1));

        ShutdownReport report = await server.Run;
        Assert.False(report.Clean);
        string path = Assert.Single(report.StillRunning);
        Assert.Matches($@"job server/workers/worker \d/job {stuck} \(stubborn\)$", path);
        Assert.Contains(_logs.Lines, line => line.Level == LogLevel.Error && line.Text.Contains(path, StringComparison.Ordinal));
        Assert.Equal((JobState.Pending, 0), await StateAsync(server, stuck));

        // What it does in the end changes nothing any more.
        _gate.Open(stuck, "too late");
        await EventuallyAsync(() => _logs.Lines.Any(line => line.Id.Id == 14));
        Assert.Equal((JobState.Pending, 0), await StateAsync(server, stuck));
    }

    [Fact]
    public async Task A_server_can_be_disposed_while_something_will_not_stop()
    {
        TestServer server = await StartAsync();
        long stuck = await server.SubmitAsync("stubborn");
        await _gate.ArrivalAsync(stuck);

        await server.DisposeAsync();

        Assert.False((await server.Run).Clean);
        _gate.Open(stuck);
        await EventuallyAsync(() => _logs.Lines.Any(line => line.Id.Id == 23));
    }

    [Fact]
    public async Task The_token_stops_hard_and_does_not_throw()
    {
        using var cancel = new CancellationTokenSource();
        await using TestServer server = await StartAsync(run: false);
        long id = await server.SubmitAsync("gate");
        Task<ShutdownReport> run = server.Server.RunAsync(cancel.Token);
        await _gate.ArrivalAsync(id);

        await cancel.CancelAsync();

        Assert.True((await run.WaitAsync(Deadline.Of)).Clean);
        Assert.Equal((JobState.Pending, 0), await StateAsync(server, id));
    }

    [Fact]
    public async Task Cancelling_the_scope_around_it_stops_hard_and_the_ends_are_recorded()
    {
        await TaskScope.RunAsync(async scope =>
        {
            await using TestServer server = await StartAsync();
            long id = await server.SubmitAsync("gate");
            await _gate.ArrivalAsync(id);

            scope.Cancel("the test says so");

            Assert.Equal((true, 0), Summary(await server.Run.WaitAsync(Deadline.Of)));
            Assert.Equal((JobState.Pending, 0), await StateAsync(server, id));
        });
    }

    [Fact]
    public async Task A_server_whose_scope_ends_without_disposing_it_does_not_hold_the_scope_open()
    {
        using var directory = new TempDirectory();
        JobServer? forgotten = null;
        await TaskScope.RunAsync(async scope =>
        {
            await scope.Spawn(async token => forgotten = await JobServer.OpenAsync(
                new JobServerOptions { DataFile = directory.DataFile, Handlers = Handlers }, token));
        }).WaitAsync(Deadline.Of);

        await Assert.ThrowsAsync<ObjectDisposedException>(() => forgotten!.SubmitAsync([new NewJob("gate")]));
        await forgotten!.DisposeAsync();
    }

    [Fact]
    public async Task An_error_after_the_cancellation_does_not_use_up_an_attempt()
    {
        await using TestServer server = await StartAsync();
        long id = await server.SubmitAsync("stubborn", maxAttempts: 1);
        await _gate.ArrivalAsync(id);

        server.Server.Cancel("the test says so");
        await EventuallyAsync(() => _logs.Lines.Any(line => line.Id.Id == 3));
        await EventuallyAsync(() => TaskTree.Snapshot().Roots.Any(root => HasCancelling(root, $"job {id} (stubborn)")));
        _gate.Fail(id, new IOException("broken pipe"));
        await server.Run.WaitAsync(Deadline.Of);

        Assert.Equal((JobState.Pending, 0), await StateAsync(server, id));
        Assert.Contains(_logs.Lines, line => line.Id.Id == 13 && line.Error is IOException);
    }

    private static bool HasCancelling(NodeSnapshot node, string name) =>
        (node.Name == name && node.State == NodeState.Cancelling) || node.Children.Any(child => HasCancelling(child, name));

    private static (bool Clean, int StillRunning) Summary(ShutdownReport report) => (report.Clean, report.StillRunning.Count);

    private static async Task<(JobState State, int Attempts)> StateAsync(TestServer server, long id)
    {
        Job job = await server.FindAsync(id);
        return (job.State, job.Attempts);
    }

    private static async Task EventuallyAsync(Func<bool> condition)
    {
        Task overdue = Task.Delay(Deadline.Of);
        while (!condition())
        {
            Assert.False(overdue.IsCompleted, "it did not happen in time");
            await Task.Delay(1);
        }
    }

    private Task<TestServer> StartAsync(int workers = 2, bool run = true) =>
        TestServer.StartAsync(Handlers, workers: workers, run: run, logs: _logs);
}
