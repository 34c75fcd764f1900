using Dapper;
using Microsoft.Data.Sqlite;
using Xunit.Abstractions;

namespace Treeline.Jobs.Tests;

public sealed class ClaimTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly TestStore _store = TestStore.Open();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task A_claim_takes_the_job_and_counts_the_attempt()
    {
        long id = await _store.AddAsync("hello", args: """{"a":1}""");
        _store.Clock.Advance(TimeSpan.FromSeconds(2));

        ClaimedJob claimed = await _store.ClaimOneAsync();

        Assert.Equal((id, "hello", 1, 3), (claimed.Id, claimed.Type, claimed.Attempt, claimed.MaxAttempts));
        Assert.Equal("""{"a":1}""", claimed.Args);
        Job job = _store.Find(id);
        Assert.Equal((JobState.Running, 1), (job.State, job.Attempts));
        Assert.Equal(_store.Clock.GetUtcNow(), job.StartedAt);
        Assert.Empty(await _store.ClaimAsync());
    }

    [Fact]
    public async Task Higher_priority_goes_first_then_the_earlier_due_then_the_lower_number()
    {
        long low = await _store.AddAsync(priority: -5);
        long late = await _store.AddAsync(delay: TimeSpan.FromSeconds(3));
        long early = await _store.AddAsync(delay: TimeSpan.FromSeconds(1));
        long early2 = await _store.AddAsync(delay: TimeSpan.FromSeconds(1));
        long high = await _store.AddAsync(priority: 7, delay: TimeSpan.FromSeconds(4));
        _store.Clock.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal([high, early, early2, late, low], (await _store.ClaimAsync()).Select(job => job.Id));
    }

    [Fact]
    public async Task A_job_is_not_claimed_before_its_time_and_the_claim_says_when_the_next_is_due()
    {
        await _store.AddAsync(priority: 9, delay: TimeSpan.FromSeconds(20));
        await _store.AddAsync(priority: 1, delay: TimeSpan.FromSeconds(10));
        DateTimeOffset start = _store.Clock.GetUtcNow();

        Claim nothing = await _store.Store.ClaimAsync(5, TestStore.Lease);
        Assert.Empty(nothing.Jobs);
        Assert.Equal(start.AddSeconds(10), nothing.NextDue);

        _store.Clock.Advance(TimeSpan.FromSeconds(10));
        Claim first = await _store.Store.ClaimAsync(5, TestStore.Lease);
        Assert.Single(first.Jobs);
        Assert.Equal(start.AddSeconds(20), first.NextDue);

        _store.Clock.Advance(TimeSpan.FromSeconds(10));
        Claim last = await _store.Store.ClaimAsync(5, TestStore.Lease);
        Assert.Single(last.Jobs);
        Assert.Null(last.NextDue);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Claims_follow_the_order_whatever_was_submitted(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var model = new List<(long Id, int Priority, DateTimeOffset RunAt)>();
        for (int step = 0; step < 300; step++)
        {
            if (random.Next(3) > 0)
            {
                int priority = random.Next(-2, 3);
                TimeSpan delay = TimeSpan.FromMilliseconds(random.Next(4) * 500);
                long id = await _store.AddAsync(priority: priority, delay: delay);
                model.Add((id, priority, _store.Clock.GetUtcNow() + delay));
            }
            else
            {
                _store.Clock.Advance(TimeSpan.FromMilliseconds(random.Next(600)));
                int count = random.Next(1, 6);
                long[] expected =
                [
                    .. model.Where(job => job.RunAt <= _store.Clock.GetUtcNow())
                        .OrderByDescending(job => job.Priority).ThenBy(job => job.RunAt).ThenBy(job => job.Id)
                        .Take(count).Select(job => job.Id),
                ];

                Claim claim = await _store.Store.ClaimAsync(count, TestStore.Lease);

                Assert.Equal(expected, claim.Jobs.Select(job => job.Id));
                model.RemoveAll(job => expected.Contains(job.Id));
                if (expected.Length < count)
                {
                    Assert.Equal(model.Count == 0 ? null : model.Min(job => job.RunAt), claim.NextDue);
                }
            }
        }
    }

    [Theory]
    [InlineData(JobStore.NextPrioritySql)]
    [InlineData(JobStore.NextDueSql)]
    [InlineData(JobStore.ClaimSql)]
    public void A_claim_does_not_scan(string sql)
    {
        using var reader = new SqliteConnection($"Data Source={_store.File};Mode=ReadWrite;Pooling=False");
        reader.Open();

        List<string> plan = reader.Query("EXPLAIN QUERY PLAN " + sql, new { below = 1, priority = 1, now = 1, count = 1, owner = "", until = 1 })
            .Select(row => (string)row.detail).ToList();

        output.WriteLine(string.Join('\n', plan));
        Assert.Contains(plan, line => line.Contains("SEARCH", StringComparison.Ordinal) && line.Contains("jobs_pending", StringComparison.Ordinal));
        Assert.DoesNotContain(plan, line => line.Contains("SCAN", StringComparison.Ordinal) || line.Contains("TEMP B-TREE", StringComparison.Ordinal));
    }
}
