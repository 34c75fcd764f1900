namespace Treeline.Tests.Streams;

public sealed class PrefetchTests : StreamOperatorTests
{
    protected override string Name => "Prefetch";

    [Fact]
    public Task It_reads_as_far_ahead_as_it_was_told() => InTime(async () =>
    {
        int made = 0;
        await using IAsyncEnumerator<int> items = Make().Prefetch(3).GetAsyncEnumerator();
        for (int read = 1; read <= 50; read++)
        {
            Assert.True(await items.MoveNextAsync());
            Assert.Equal(read, items.Current);
            await Until(() => Volatile.Read(ref made) >= read + 3);
            Assert.InRange(Volatile.Read(ref made), read + 3, read + 4);
        }

        async IAsyncEnumerable<int> Make()
        {
            while (true)
            {
                await Task.Yield();
                yield return Interlocked.Increment(ref made);
            }
        }
    });

    [Fact]
    public Task Source_and_consumer_are_at_work_at_the_same_time() => InTime(() => Timeline.RunAsync(async time =>
    {
        string written = await time.WriteDownAsync(SlowAsync().Prefetch(1), workFor: 10);
        Assert.Equal("10:0 20:1 30:2 40:3 50:end", written);

        async IAsyncEnumerable<int> SlowAsync()
        {
            for (int i = 0; i < 4; i++)
            {
                await Task.Delay(Timeline.Ms(10), time, CancellationToken.None);
                yield return i;
            }
        }
    }));

    [Fact]
    public Task Everything_comes_once_and_in_order() => InTime(async () =>
    {
        foreach (int count in (int[])[1, 2, 3, 16, 17, 100, 5_000])
        {
            Assert.Equal(Enumerable.Range(0, 2_000), await Apply(AsyncEnumerable.Range(0, 2_000), count).ToArrayAsync());
        }
    });

    [Fact]
    public Task What_was_read_ahead_is_not_given_to_one_who_is_cancelled() => InTime(async () =>
    {
        TaskCompletionSource allRead = Signal();
        using var outer = new CancellationTokenSource();
        await using IAsyncEnumerator<int> items = Make().Prefetch(10).GetAsyncEnumerator(outer.Token);
        Assert.True(await items.MoveNextAsync());
        await allRead.Task;
        await outer.CancelAsync();
        OperationCanceledException thrown =
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await items.MoveNextAsync());
        Assert.Equal(outer.Token, thrown.CancellationToken);

        async IAsyncEnumerable<int> Make()
        {
            yield return 1;
            yield return 2;
            await Task.Yield();
            allRead.SetResult();
        }
    });

    [Fact]
    public Task One_who_has_got_everything_is_not_cancelled_any_more() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        await using IAsyncEnumerator<int> items = Make().Prefetch(10).GetAsyncEnumerator(outer.Token);
        Assert.True(await items.MoveNextAsync());
        await Until(static () => Find("Prefetch").Children is []);
        await outer.CancelAsync();
        Assert.False(await items.MoveNextAsync());

        static async IAsyncEnumerable<int> Make()
        {
            await Task.Yield();
            yield return 1;
        }
    });

    [Fact]
    public void A_count_below_one_is_refused_at_the_call() =>
        Assert.Throws<ArgumentOutOfRangeException>(static () => AsyncEnumerable.Range(0, 1).Prefetch(0));

    protected override IAsyncEnumerable<int> Apply(IAsyncEnumerable<int> source) => Apply(source, 2);

    private static IAsyncEnumerable<int> Apply(IAsyncEnumerable<int> source, int count) => source.Prefetch(count);
}
