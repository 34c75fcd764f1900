namespace Treeline.Tests.BeforeAndAfter;

/// <summary>Bug 4 of docs/before-and-after.md: the time is over, and what took too long runs on.</summary>
public sealed class TimeoutThatCancelsNothingTests : TreeTest
{
    private readonly ManualTimeProvider _clock = new();

    private interface IDatabase
    {
        public Task<int> CountAsync(CancellationToken ct);
    }

    [Fact]
    public Task Before_WaitAsync_leaves_the_query_running() => InTime(async () =>
    {
        var database = new Database();
        Task<int> counting = CountAsync(database, _clock, CancellationToken.None);
        _clock.Advance(TimeSpan.FromSeconds(5));
        await Assert.ThrowsAsync<TimeoutException>(() => counting);
        Assert.False(database.Query.IsCompleted);

        database.Answer.SetResult(42);
        Assert.Equal(42, await database.Query);

        static async Task<int> CountAsync(IDatabase database, TimeProvider clock, CancellationToken ct)
        {
            return await database.CountAsync(ct).WaitAsync(TimeSpan.FromSeconds(5), clock, ct);
        }
    });

    [Fact]
    public Task Before_WhenAny_and_Delay_do_so_too() => InTime(async () =>
    {
        var database = new Database();
        Task<int> query = database.CountAsync(CancellationToken.None);
        Task first = Task.WhenAny(query, Task.Delay(TimeSpan.FromSeconds(5), _clock));
        _clock.Advance(TimeSpan.FromSeconds(5));
        await first;
        Assert.False(query.IsCompleted);

        database.Answer.SetResult(42);
        Assert.Equal(42, await query);
    });

    [Fact]
    public Task After_the_query_is_cancelled_and_has_ended_when_the_timeout_is_thrown() => InTime(() => TaskScope.RunAsync(
        async _ =>
        {
            var database = new Database();
            Task<int> counting = CountAsync(database, CancellationToken.None);
            _clock.Advance(TimeSpan.FromSeconds(5));
            TimeoutException thrown = await Assert.ThrowsAsync<TimeoutException>(() => counting);
            Assert.EndsWith(" timed out after 00:00:05.", thrown.Message, StringComparison.Ordinal);
            Assert.True(database.Query.IsCanceled);

            static async Task<int> CountAsync(IDatabase database, CancellationToken ct)
            {
                return await CancelScope.WithTimeoutAsync(TimeSpan.FromSeconds(5), ct => database.CountAsync(ct), ct);
            }
        },
        new ScopeOptions { TimeProvider = _clock }));

    private sealed class Database : IDatabase
    {
        public TaskCompletionSource<int> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<int> Query { get; private set; } = null!;

        public Task<int> CountAsync(CancellationToken ct) => Query = Answer.Task.WaitAsync(ct);
    }
}
