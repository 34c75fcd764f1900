namespace Treeline.Tests.Streams;

public sealed class ThrottleTests : StreamOperatorTests
{
    protected override string Name => "Throttle";

    [Fact]
    public Task The_first_is_given_at_once_and_then_the_newest_when_the_time_is_over() => InTime(() => Timeline.RunAsync(
        async time => Assert.Equal(
            "0:1 50:3 100:4 200:5 220:6 220:end",
            await time.WriteDownAsync(
                time.Play([(0, 1), (10, 2), (20, 3), (60, 4), (200, 5), (220, 6)]).Throttle(Timeline.Ms(50))))));

    [Fact]
    public Task The_time_runs_while_the_consumer_is_at_work() => InTime(() => Timeline.RunAsync(
        async time => Assert.Equal(
            "0:1 50:3 90:4 120:end",
            await time.WriteDownAsync(
                time.Play([(0, 1), (10, 2), (40, 3), (90, 4)]).Throttle(Timeline.Ms(50)), workFor: 30))));

    [Fact]
    public Task What_came_before_a_failure_is_given_at_once() => InTime(() => Timeline.RunAsync(
        async time => Assert.Equal(
            "0:1 12:2 12:OopsException",
            await time.WriteDownAsync(time.Play([(0, 1), (10, 2), (12, -1)]).Throttle(Timeline.Ms(15))))));

    [Fact]
    public Task An_item_that_waits_is_dropped_when_its_consumer_is_cancelled() => InTime(() => Timeline.RunAsync(
        async time =>
        {
            using var outer = new CancellationTokenSource(Timeline.Ms(20), time);
            await using IAsyncEnumerator<int> items =
                time.Play([(0, 1), (10, 2), (100, 3)]).Throttle(Timeline.Ms(50)).GetAsyncEnumerator(outer.Token);
            Assert.True(await items.MoveNextAsync());
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await items.MoveNextAsync());
            Assert.Equal(Timeline.Ms(20), time.Elapsed);
        }));

    [Fact]
    public void A_time_that_is_not_positive_is_refused_at_the_call() =>
        Assert.Throws<ArgumentOutOfRangeException>(static () => AsyncEnumerable.Range(0, 1).Throttle(TimeSpan.Zero));

    protected override IAsyncEnumerable<int> Apply(IAsyncEnumerable<int> source) => source.Throttle(Timeline.Ms(1));
}
