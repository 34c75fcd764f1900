namespace Treeline.Jobs.Tests;

public sealed class LeaseTests : IAsyncLifetime
{
    private static readonly AttemptEnd s_success = new(AttemptEndKind.Succeeded, Result: "1");

    private readonly TestStore _store = TestStore.Open();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task A_lease_holds_until_it_expires_and_then_the_job_is_taken_back()
    {
        await using TestStore other = _store.OpenAnother();
        long id = await _store.AddAsync();
        await _store.ClaimOneAsync();

        _store.Clock.Advance(TestStore.Lease - TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, await other.Store.RecoverAsync());
        Assert.Empty(await other.ClaimAsync());

        _store.Clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, await other.Store.RecoverAsync());
        Job job = _store.Find(id);
        Assert.Equal((JobState.Pending, 1), (job.State, job.Attempts));
        Assert.Contains("Attempt 1 of 3 did not end", job.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await other.ClaimOneAsync()).Attempt);
    }

    [Fact]
    public async Task A_server_does_not_take_back_what_it_runs_itself_when_the_clock_jumps()
    {
        long id = await _store.AddAsync();
        ClaimedJob job = await _store.ClaimOneAsync();

        _store.Clock.Advance(TimeSpan.FromDays(1));

        Assert.Equal(0, await _store.Store.RecoverAsync());
        Assert.Equal(JobState.Succeeded, await _store.Store.EndAsync(job, s_success));
        Assert.Equal(1, _store.Find(id).Attempts);
    }

    [Fact]
    public async Task A_renewed_lease_holds_longer()
    {
        await using TestStore other = _store.OpenAnother();
        await _store.AddAsync();
        await _store.ClaimOneAsync();

        _store.Clock.Advance(TestStore.Lease / 2);
        Renewal renewal = await _store.Store.RenewAsync(_store.Running.All, TestStore.Lease);
        _store.Clock.Advance(TestStore.Lease * 0.75);

        Assert.Empty(renewal.Lost);
        Assert.Equal(0, await other.Store.RecoverAsync());
        _store.Clock.Advance(TestStore.Lease * 0.25);
        Assert.Equal(1, await other.Store.RecoverAsync());
    }

    [Fact]
    public async Task The_jobs_of_a_dead_process_are_taken_back_at_once()
    {
        await using TestStore other = _store.OpenAnother();
        long id = await _store.AddAsync();
        await _store.ClaimOneAsync();
        Assert.Equal(0, await other.Store.RecoverAsync());

        _store.Die();

        Assert.Equal(1, await other.Store.RecoverAsync());
        Assert.Equal(JobState.Pending, _store.Find(id).State);
    }

    [Fact]
    public async Task Only_the_dead_lose_their_jobs()
    {
        await using TestStore dying = _store.OpenAnother();
        await using TestStore third = _store.OpenAnother();
        long kept = await _store.AddAsync();
        await _store.ClaimOneAsync();
        long lost = await _store.AddAsync();
        await dying.ClaimOneAsync();

        dying.Die();
        await third.Store.RecoverAsync();

        Assert.Equal(JobState.Running, _store.Find(kept).State);
        Assert.Equal(JobState.Pending, _store.Find(lost).State);
    }

    [Fact]
    public async Task An_attempt_that_lost_its_lease_cannot_end_the_job()
    {
        await using TestStore other = _store.OpenAnother();
        long id = await _store.AddAsync();
        ClaimedJob old = await _store.ClaimOneAsync();
        _store.Clock.Advance(TestStore.Lease);
        await other.Store.RecoverAsync();

        Assert.Null(await _store.Store.EndAsync(old, s_success));
        Assert.Equal(JobState.Pending, _store.Find(id).State);

        ClaimedJob renewed = await other.ClaimOneAsync();
        Assert.Null(await _store.Store.EndAsync(old, new AttemptEnd(AttemptEndKind.Failed, Error: "old")));
        Assert.Equal(JobState.Running, _store.Find(id).State);

        Assert.Equal(JobState.Succeeded, await other.Store.EndAsync(renewed, s_success));
        Assert.Null(await _store.Store.EndAsync(old, new AttemptEnd(AttemptEndKind.Cancelled)));
        Job job = _store.Find(id);
        Assert.Equal((JobState.Succeeded, "1", 2), (job.State, job.Result!.Value.GetRawText(), job.Attempts));
    }

    [Fact]
    public async Task An_attempt_is_fenced_off_even_when_the_next_has_its_number_and_its_owner()
    {
        await _store.AddAsync();
        ClaimedJob first = await _store.ClaimOneAsync();
        await _store.Store.EndAsync(first, new AttemptEnd(AttemptEndKind.CutShort));
        ClaimedJob second = await _store.ClaimOneAsync();
        Assert.Equal(first.Attempt, second.Attempt);

        Assert.Null(await _store.Store.EndAsync(first, s_success));
        Assert.Equal(JobState.Succeeded, await _store.Store.EndAsync(second, s_success));
    }

    [Fact]
    public async Task A_renewal_tells_which_leases_are_lost()
    {
        await using TestStore other = _store.OpenAnother();
        await _store.AddAsync();
        await _store.AddAsync();
        IReadOnlyList<ClaimedJob> claimed = await _store.ClaimAsync();
        _store.Clock.Advance(TestStore.Lease);
        await _store.Store.RenewAsync([_store.Running.Find(claimed[0].Id, claimed[0].Fence)!], TestStore.Lease);
        await other.Store.RecoverAsync();

        Renewal renewal = await _store.Store.RenewAsync(_store.Running.All, TestStore.Lease);

        Assert.Equal(claimed[1].Id, Assert.Single(renewal.Lost).Job.Id);
    }

    [Fact]
    public async Task A_renewal_does_not_call_an_attempt_lost_that_has_ended_meanwhile()
    {
        await _store.AddAsync();
        ClaimedJob job = await _store.ClaimOneAsync();
        IReadOnlyList<RunningAttempt> before = _store.Running.All;
        await _store.Store.EndAsync(job, s_success);

        Renewal renewal = await _store.Store.RenewAsync(before, TestStore.Lease);

        Assert.Empty(renewal.Lost);
    }

    [Fact]
    public async Task A_job_whose_process_dies_in_each_attempt_is_given_up()
    {
        long id = await _store.AddAsync(maxAttempts: 3);
        for (int death = 1; death <= 3; death++)
        {
            Assert.Equal(JobState.Pending, _store.Find(id).State);
            TestStore dying = _store.OpenAnother();
            Assert.Equal(death, (await dying.ClaimOneAsync()).Attempt);
            dying.Die();
            await _store.Store.RecoverAsync();
            await dying.DisposeAsync();
        }

        Job job = _store.Find(id);
        Assert.Equal((JobState.Failed, 3), (job.State, job.Attempts));
        Assert.StartsWith("Its worker died 3 times in 3 attempts", job.Error, StringComparison.Ordinal);
        Assert.NotNull(job.FinishedAt);
    }

    [Fact]
    public async Task A_job_whose_cancellation_was_asked_for_ends_cancelled_even_if_its_process_dies()
    {
        await using TestStore other = _store.OpenAnother();
        long id = await _store.AddAsync();
        await _store.ClaimOneAsync();
        Assert.Equal(CancelResult.Requested, await other.Store.CancelAsync(id, CancellationToken.None));

        _store.Die();
        await other.Store.RecoverAsync();

        Assert.Equal(JobState.Cancelled, _store.Find(id).State);
        Assert.Empty(await other.ClaimAsync());
    }
}
