using Xunit.Abstractions;

namespace Treeline.Jobs.Tests;

public sealed class JobStoreTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly TestStore _store = TestStore.Open();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task A_job_is_found_as_it_was_added()
    {
        long id = await _store.AddAsync("greet", maxAttempts: 7, priority: -3, delay: TimeSpan.FromMinutes(1), args: """{"name":"Zoë \u0041"}""");

        Job job = _store.Find(id);

        Assert.Equal(("greet", JobState.Pending, 0, 7, -3), (job.Type, job.State, job.Attempts, job.MaxAttempts, job.Priority));
        Assert.Equal("Zoë A", job.Args!.Value.GetProperty("name").GetString());
        Assert.Equal(_store.Clock.GetUtcNow(), job.CreatedAt);
        Assert.Equal(_store.Clock.GetUtcNow().AddMinutes(1), job.RunAt);
        Assert.Equal((null, null, null, null, false), (job.StartedAt, job.FinishedAt, job.Result, job.Error, job.CancelRequested));
        Assert.Null(_store.Store.Find(id + 1));
    }

    [Fact]
    public async Task A_failed_attempt_waits_for_the_next_and_the_last_one_is_final()
    {
        long id = await _store.AddAsync(maxAttempts: 2);
        DateTimeOffset start = _store.Clock.GetUtcNow();
        var failure = new AttemptEnd(AttemptEndKind.Failed, Error: "no luck", RetryAfter: TimeSpan.FromSeconds(8));

        Assert.Equal(JobState.Pending, await _store.Store.EndAsync(await _store.ClaimOneAsync(), failure));
        Job waiting = _store.Find(id);
        Assert.Equal(("no luck", start.AddSeconds(8), null), (waiting.Error, waiting.RunAt, waiting.FinishedAt));

        _store.Clock.Advance(TimeSpan.FromSeconds(8));
        Assert.Equal(JobState.Failed, await _store.Store.EndAsync(await _store.ClaimOneAsync(), failure));
        Job dead = _store.Find(id);
        Assert.Equal((2, "no luck", start.AddSeconds(8)), (dead.Attempts, dead.Error, dead.FinishedAt));
    }

    [Fact]
    public async Task Success_clears_the_error_of_earlier_attempts()
    {
        long id = await _store.AddAsync();
        await _store.Store.EndAsync(await _store.ClaimOneAsync(), new AttemptEnd(AttemptEndKind.Failed, Error: "no luck"));
        await _store.Store.EndAsync(await _store.ClaimOneAsync(), new AttemptEnd(AttemptEndKind.Succeeded, Result: "[1,2]"));

        Job job = _store.Find(id);
        Assert.Equal((JobState.Succeeded, null, "[1,2]"), (job.State, job.Error, job.Result!.Value.GetRawText()));
    }

    [Fact]
    public async Task An_attempt_cut_short_does_not_count_and_keeps_the_place_in_the_queue()
    {
        long first = await _store.AddAsync(maxAttempts: 1);
        ClaimedJob claimed = await _store.ClaimOneAsync();
        _store.Clock.Advance(TimeSpan.FromSeconds(5));
        long second = await _store.AddAsync();

        Assert.Equal(JobState.Pending, await _store.Store.EndAsync(claimed, new AttemptEnd(AttemptEndKind.CutShort)));

        Assert.Equal(0, _store.Find(first).Attempts);
        Assert.Equal([first, second], (await _store.ClaimAsync()).Select(job => job.Id));
    }

    [Theory]
    [InlineData(AttemptEndKind.Failed)]
    [InlineData(AttemptEndKind.CutShort)]
    [InlineData(AttemptEndKind.Cancelled)]
    internal async Task A_running_job_that_was_asked_to_stop_ends_cancelled_unless_it_succeeds(AttemptEndKind kind)
    {
        long id = await _store.AddAsync();
        ClaimedJob job = await _store.ClaimOneAsync();

        Assert.Equal(CancelResult.Requested, await _store.Store.CancelAsync(id, CancellationToken.None));
        Assert.True(_store.Find(id).CancelRequested);
        Assert.Equal(StopReason.CancelRequested, Assert.Single(_store.Running.All).Reason);

        Assert.Equal(JobState.Cancelled, await _store.Store.EndAsync(job, new AttemptEnd(kind)));
        Assert.Equal(CancelResult.AlreadyFinished, await _store.Store.CancelAsync(id, CancellationToken.None));
    }

    [Fact]
    public async Task A_pending_job_is_cancelled_at_once_and_an_unknown_one_is_not_found()
    {
        long id = await _store.AddAsync();

        Assert.Equal(CancelResult.Cancelled, await _store.Store.CancelAsync(id, CancellationToken.None));
        Assert.Equal(CancelResult.NotFound, await _store.Store.CancelAsync(id + 1, CancellationToken.None));

        Assert.Equal(JobState.Cancelled, _store.Find(id).State);
        Assert.Empty(await _store.ClaimAsync());
    }

    [Fact]
    public async Task Pages_follow_each_other_newest_first_without_gap_or_overlap()
    {
        for (int i = 0; i < 7; i++)
        {
            await _store.AddAsync();
        }

        await _store.Store.CancelAsync(4, CancellationToken.None);

        JobPage first = _store.Store.List(null, null, 3);
        JobPage second = _store.Store.List(null, first.Next, 3);
        JobPage third = _store.Store.List(null, second.Next, 3);

        Assert.Equal([7, 6, 5, 4, 3, 2, 1], first.Jobs.Concat(second.Jobs).Concat(third.Jobs).Select(job => job.Id));
        Assert.Equal((5, 2, null), (first.Next, second.Next, third.Next));
        Assert.Equal([7, 6, 5, 3, 2, 1], _store.Store.List(JobState.Pending, null, 6).Jobs.Select(job => job.Id));
        Assert.Null(_store.Store.List(JobState.Pending, null, 6).Next);
        Assert.Equal([4L], _store.Store.List(JobState.Cancelled, null, 6).Jobs.Select(job => job.Id));
    }

    [Fact]
    public async Task Everything_survives_closing_and_opening()
    {
        using var directory = new TempDirectory();
        long id;
        JobStore first = JobStore.Open(directory.DataFile, TimeProvider.System, new EventFeed(), new RunningJobs());
        Task writing = Task.Run(first.Writer.Run);
        id = (await first.AddAsync([new NewJobRow("any", """{"a":1}""", 3, 0, TimeSpan.Zero)], CancellationToken.None))[0];
        first.Writer.Close();
        await writing;
        first.Dispose();
        Assert.Equal([directory.DataFile], Directory.GetFiles(directory.Path));

        using JobStore second = JobStore.Open(directory.DataFile, TimeProvider.System, new EventFeed(), new RunningJobs());
        Assert.Equal("""{"a":1}""", second.Find(id)!.Args!.Value.GetRawText());
        Assert.Equal(1, second.Count().Pending);
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public async Task The_counts_agree_with_the_rows_whatever_happens(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        AttemptEndKind[] ends = Enum.GetValues<AttemptEndKind>();
        var running = new List<ClaimedJob>();
        for (int step = 0; step < 400; step++)
        {
            switch (random.Next(6))
            {
                case 0 or 1:
                    await _store.AddAsync(maxAttempts: random.Next(1, 4), priority: random.Next(3));
                    break;
                case 2:
                    running.AddRange(await _store.ClaimAsync(random.Next(1, 4)));
                    break;
                case 3 when running.Count > 0:
                    ClaimedJob job = running[random.Next(running.Count)];
                    running.Remove(job);
                    await _store.Store.EndAsync(job, new AttemptEnd(ends[random.Next(ends.Length)]));
                    break;
                case 4:
                    await _store.Store.CancelAsync(random.Next(1, 80), CancellationToken.None);
                    break;
                default:
                    _store.Clock.Advance(TimeSpan.FromSeconds(random.Next(15)));
                    await _store.Store.RecoverAsync();
                    break;
            }
        }

        Dictionary<JobState, long> rows = _store.CountRows();
        long Of(JobState state) => rows.GetValueOrDefault(state);
        Assert.Equal(
            new JobCounts(Of(JobState.Pending), Of(JobState.Running), Of(JobState.Succeeded), Of(JobState.Failed), Of(JobState.Cancelled)),
            _store.Store.Count());
    }
}
