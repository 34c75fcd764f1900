namespace Treeline.Tests.Streams;

public sealed class MergeTests : StreamOperatorTests
{
    protected override string Name => "Merge";

    [Fact]
    public Task Items_come_in_the_order_of_arrival() => InTime(() => Timeline.RunAsync(async time => Assert.Equal(
        "0:1 10:10 20:2 30:11 40:3 40:end",
        await time.WriteDownAsync(time.Play([(0, 1), (20, 2), (40, 3)]).Merge(time.Play([(10, 10), (30, 11)]))))));

    protected override IAsyncEnumerable<int> Apply(IAsyncEnumerable<int> source) => source.Merge(AsyncEnumerable.Empty<int>());
}
