namespace Treeline.Jobs.Tests;

/// <remarks>The table is renamed behind the server's back and then back again: a disk that fails for a while.</remarks>
public sealed class StoreFailureTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly Gate _gate = new();
    private readonly LogRecorder _logs = new();

    public void Dispose()
    {
        _logs.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_server_goes_on_claiming_and_keeping_leases_when_the_store_works_again()
    {
        await using TestServer server = await StartAsync();
        long id = await server.SubmitAsync("gate", delay: TimeSpan.FromSeconds(5));
        _gate.Open(id);

        Break();
        await server.Clock.AdvanceUntilAsync(LoggedAsync(20, 21), TimeSpan.FromSeconds(1), sleepers: 2);
        Mend();

        await server.AdvanceUntilAsync(id, JobState.Succeeded, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task The_end_of_a_job_is_recorded_when_the_store_works_again()
    {
        await using TestServer server = await StartAsync();
        long id = await server.SubmitAsync("gate");
        await _gate.ArrivalAsync(id);

        Break();
        _gate.Open(id, 42);
        await LoggedAsync(22);
        Mend();

        Job job = await server.AdvanceUntilAsync(id, JobState.Succeeded, TimeSpan.FromSeconds(1));
        Assert.Equal((1, "42"), (job.Attempts, job.Result!.Value.GetRawText()));
    }

    [Fact]
    public async Task Callers_are_told()
    {
        await using TestServer server = await StartAsync();

        Break();
        await Assert.ThrowsAsync<JobStoreException>(() => server.Server.SubmitAsync([new NewJob("gate")]));
        await Assert.ThrowsAsync<JobStoreException>(() => server.Server.CancelAsync(1));
        await Assert.ThrowsAsync<JobStoreException>(() => server.Server.FindAsync(1));
        Mend();

        Assert.Equal(new JobCounts(0, 0, 0, 0, 0), await server.Server.CountAsync());
    }

    private Task<TestServer> StartAsync() =>
        TestServer.StartAsync(new JobHandlers().Add("gate", _gate.Handler), _directory.DataFile, logs: _logs);

    private void Break() => Sql.Number(_directory.DataFile, "ALTER TABLE jobs RENAME TO gone");

    private void Mend() => Sql.Number(_directory.DataFile, "ALTER TABLE gone RENAME TO jobs");

    private async Task LoggedAsync(params int[] ids)
    {
        Task overdue = Task.Delay(Deadline.Of);
        while (!ids.All(id => _logs.Lines.Any(line => line.Id.Id == id)))
        {
            Assert.False(overdue.IsCompleted, "it was not logged in time");
            await Task.Delay(1);
        }
    }
}
