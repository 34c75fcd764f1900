namespace Treeline.Jobs.Tests;

/// <remarks>Two servers on one file and one clock, as two processes would be.</remarks>
public sealed class LeaseKeeperTests : IDisposable
{
    private static readonly TimeSpan s_lease = TimeSpan.FromSeconds(30);

    private readonly TempDirectory _directory = new();
    private readonly ManualTimeProvider _clock = new();
    private readonly Gate _gate = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_job_that_runs_longer_than_its_lease_stays_with_its_server()
    {
        await using TestServer first = await StartAsync();
        long id = await first.SubmitAsync("gate");
        await _gate.ArrivalAsync(id);
        await using TestServer second = await StartAsync();

        DateTimeOffset start = _clock.GetUtcNow();
        while (_clock.GetUtcNow() < start + (3 * s_lease))
        {
            DateTimeOffset renewedBefore = LeaseUntil(id);
            await _clock.AdvanceUntilAsync(RenewedAsync(id, renewedBefore), s_lease / 12, sleepers: 4);
        }

        _gate.Open(id);
        Job job = await first.UntilAsync(id, JobState.Succeeded);
        Assert.Equal(1, job.Attempts);
        Assert.Empty(second.Log.All);
    }

    [Fact]
    public async Task An_attempt_whose_lease_is_lost_is_cancelled_and_another_server_runs_the_job()
    {
        var stopped = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        JobHandlers handlers = new JobHandlers().Add("gate", async (job, cancellationToken) =>
        {
            try
            {
                return await _gate.Handler(job, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                stopped.TrySetResult(job.Attempt);
                throw;
            }
        });
        await using TestServer first = await StartAsync(handlers);
        long id = await first.SubmitAsync("gate");
        await _gate.ArrivalAsync(id);
        Steal(id);
        await using TestServer second = await StartAsync(handlers);
        await second.UntilAsync(id, JobState.Running);

        await _clock.AdvanceUntilAsync(stopped.Task, TimeSpan.FromSeconds(1), sleepers: 4);
        Assert.Equal(1, await stopped.Task);

        _gate.Open(id);
        Job job = await second.UntilAsync(id, JobState.Succeeded);
        Assert.Equal(2, job.Attempts);
    }

    [Fact]
    public async Task A_job_is_cancelled_through_another_server()
    {
        await using TestServer first = await StartAsync();
        long id = await first.SubmitAsync("gate");
        await _gate.ArrivalAsync(id);
        await using TestServer second = await StartAsync();

        Assert.Equal(CancelResult.Requested, await second.Server.CancelAsync(id));

        Job job = await first.AdvanceUntilAsync(id, JobState.Cancelled, TimeSpan.FromSeconds(1), others: 2);
        Assert.Equal(1, job.Attempts);
    }

    [Fact]
    public async Task A_server_that_starts_takes_over_from_a_dead_one_at_once()
    {
        long id;
        await using (TestServer submitter = await TestServer.StartAsync(Handlers(), _directory.DataFile, clock: _clock, run: false))
        {
            id = await submitter.SubmitAsync("gate");
        }

        JobStore dead = JobStore.Open(_directory.DataFile, _clock, new EventFeed(), new RunningJobs());
        Task writing = Task.Run(dead.Writer.Run);
        await dead.ClaimAsync(1, TimeSpan.FromDays(1));
        dead.Writer.Close();
        await writing;
        dead.Dispose();

        await using TestServer server = await StartAsync();
        await _gate.ArrivalAsync(id);
        _gate.Open(id);

        Assert.Equal(2, (await server.UntilAsync(id, JobState.Succeeded)).Attempts);
    }

    [Fact]
    public async Task A_job_submitted_through_another_server_is_found_without_being_told()
    {
        await using TestServer submitter = await TestServer.StartAsync(Handlers(), _directory.DataFile, clock: _clock, run: false);
        await using TestServer server = await StartAsync();
        await server.UntilAsync(await SubmitAndOpenAsync(server), JobState.Succeeded);

        long id = await SubmitAndOpenAsync(submitter);

        await server.AdvanceUntilAsync(id, JobState.Succeeded, TimeSpan.FromMilliseconds(100));
    }

    private async Task<long> SubmitAndOpenAsync(TestServer server)
    {
        long id = await server.SubmitAsync("gate");
        _gate.Open(id);
        return id;
    }

    private JobHandlers Handlers() => new JobHandlers().Add("gate", _gate.Handler);

    private Task<TestServer> StartAsync(JobHandlers? handlers = null) =>
        TestServer.StartAsync(handlers ?? Handlers(), _directory.DataFile, workers: 2, clock: _clock, lease: s_lease);

    private async Task RenewedAsync(long id, DateTimeOffset before)
    {
        while (LeaseUntil(id) <= before)
        {
            await Task.Delay(1);
        }
    }

    private DateTimeOffset LeaseUntil(long id) => DateTimeOffset.FromUnixTimeMilliseconds(Sql.Number(
        _directory.DataFile, $"SELECT lease_until FROM jobs WHERE id = {id}"));

    /// <summary>Makes the lease look expired, as it is when a process was suspended for longer than it.</summary>
    private void Steal(long id) => Sql.Number(_directory.DataFile, $"UPDATE jobs SET lease_until = 0 WHERE id = {id} RETURNING id");
}
