namespace Treeline.Tests.Streams;

public sealed class ChunksTimeoutTests : StreamOperatorTests
{
    protected override string Name => "ChunksTimeout";

    [Fact]
    public Task A_group_is_given_when_it_is_full_or_its_first_item_has_waited_long_enough() => InTime(() => Timeline.RunAsync(
        async time => Assert.Equal(
            "2:[1 2 3] 60:[4 5] 100:[6] 100:end",
            await time.WriteDownAsync(
                time.Play([(0, 1), (1, 2), (2, 3), (10, 4), (30, 5), (100, 6)]).ChunksTimeout(3, Timeline.Ms(50))))));

    [Fact]
    public Task While_the_consumer_is_at_work_the_next_fills_up() => InTime(() => Timeline.RunAsync(
        async time => Assert.Equal(
            "10:[0] 110:[1 2 3 4] 210:[5 6] 310:end",
            await time.WriteDownAsync(
                time.Play([(0, 0), (20, 1), (30, 2), (40, 3), (50, 4), (60, 5), (70, 6)]).ChunksTimeout(4, Timeline.Ms(10)),
                workFor: 100))));

    [Fact]
    public Task What_came_before_a_failure_is_a_group() => InTime(() => Timeline.RunAsync(
        async time => Assert.Equal(
            "2:[1 2] 2:OopsException",
            await time.WriteDownAsync(time.Play([(0, 1), (1, 2), (2, -1)]).ChunksTimeout(5, Timeline.Ms(50))))));

    [Fact]
    public Task A_group_that_is_not_full_is_dropped_when_its_consumer_is_cancelled() => InTime(() => Timeline.RunAsync(
        async time =>
        {
            using var outer = new CancellationTokenSource(Timeline.Ms(20), time);
            await using IAsyncEnumerator<int[]> chunks =
                time.Play([(0, 1), (1, 2), (30, 3)]).ChunksTimeout(5, Timeline.Ms(50)).GetAsyncEnumerator(outer.Token);
            OperationCanceledException thrown =
                await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await chunks.MoveNextAsync());
            Assert.Equal(outer.Token, thrown.CancellationToken);
            Assert.Equal(Timeline.Ms(20), time.Elapsed);
        }));

    [Fact]
    public Task Everything_comes_once_and_in_order() => InTime(async () =>
    {
        int[][] chunks = await AsyncEnumerable.Range(0, 1_001).ChunksTimeout(10, TimeSpan.MaxValue).ToArrayAsync();
        Assert.Equal(Enumerable.Range(0, 1_001), chunks.SelectMany(static chunk => chunk));
        Assert.All(chunks[..^1], static chunk => Assert.Equal(10, chunk.Length));
    });

    [Fact]
    public void Misuse_is_refused_at_the_call()
    {
        IAsyncEnumerable<int> source = AsyncEnumerable.Range(0, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => source.ChunksTimeout(0, Timeline.Ms(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => source.ChunksTimeout(1, TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => source.ChunksTimeout(1, System.Threading.Timeout.InfiniteTimeSpan));
    }

    protected override IAsyncEnumerable<int> Apply(IAsyncEnumerable<int> source) =>
        source.ChunksTimeout(3, Timeline.Ms(1)).SelectMany(static chunk => chunk);
}
