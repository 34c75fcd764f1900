namespace Treeline.Tests.Streams;

public sealed class DebounceTests : StreamOperatorTests
{
    protected override string Name => "Debounce";

    [Fact]
    public Task An_item_is_given_when_there_was_quiet_after_it() => InTime(() => Timeline.RunAsync(
        async time => Assert.Equal(
            "35:3 60:4 100:5 100:end",
            await time.WriteDownAsync(
                time.Play([(0, 1), (10, 2), (20, 3), (45, 4), (100, 5)]).Debounce(Timeline.Ms(15))))));

    [Fact]
    public Task While_the_consumer_is_at_work_the_newest_is_kept() => InTime(() => Timeline.RunAsync(
        async time => Assert.Equal(
            "5:1 105:4 205:end",
            await time.WriteDownAsync(
                time.Play([(0, 1), (20, 2), (40, 3), (60, 4)]).Debounce(Timeline.Ms(5)), workFor: 100))));

    [Fact]
    public Task What_came_before_a_failure_is_given_at_once() => InTime(() => Timeline.RunAsync(
        async time => Assert.Equal(
            "12:2 12:OopsException",
            await time.WriteDownAsync(time.Play([(0, 1), (10, 2), (12, -1)]).Debounce(Timeline.Ms(15))))));

    [Fact]
    public Task An_item_that_waits_is_dropped_when_its_consumer_is_cancelled() => InTime(() => Timeline.RunAsync(
        async time =>
        {
            using var outer = new CancellationTokenSource(Timeline.Ms(20), time);
            await using IAsyncEnumerator<int> items =
                time.Play([(0, 1), (100, 2)]).Debounce(Timeline.Ms(50)).GetAsyncEnumerator(outer.Token);
            OperationCanceledException thrown =
                await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await items.MoveNextAsync());
            Assert.Equal(outer.Token, thrown.CancellationToken);
            Assert.Equal(Timeline.Ms(20), time.Elapsed);
        }));

    [Fact]
    public void A_time_that_is_not_positive_is_refused_at_the_call() =>
        Assert.Throws<ArgumentOutOfRangeException>(static () => AsyncEnumerable.Range(0, 1).Debounce(TimeSpan.Zero));

    protected override IAsyncEnumerable<int> Apply(IAsyncEnumerable<int> source) => source.Debounce(Timeline.Ms(1));
}
