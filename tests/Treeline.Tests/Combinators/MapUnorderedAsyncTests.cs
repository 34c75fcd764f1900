namespace Treeline.Tests.Combinators;

public sealed class MapUnorderedAsyncTests : TreeTest
{
    [Fact]
    public Task What_is_done_first_comes_first() => InTime(async () =>
    {
        TaskCompletionSource[] go = [Signal(), Signal(), Signal()];
        await using IAsyncEnumerator<int> results = Concurrently.MapUnorderedAsync(Enumerable.Range(0, 3), 3, async (item, _) =>
        {
            await go[item].Task;
            return item;
        }).GetAsyncEnumerator();
        foreach (int item in (int[])[2, 0, 1])
        {
            go[item].SetResult();
            Assert.True(await results.MoveNextAsync());
            Assert.Equal(item, results.Current);
        }

        Assert.False(await results.MoveNextAsync());
    });

    [Fact]
    public Task Each_result_comes_once() => InTime(async () =>
    {
        int[] results = await Concurrently.MapUnorderedAsync(Enumerable.Range(0, 2000), 8, async (item, _) =>
        {
            await Fiber.Yield();
            return item;
        }).ToArrayAsync();
        Assert.Equal(Enumerable.Range(0, 2000), results.Order());
    });

    [Fact]
    public Task Items_run_below_the_node_of_whoever_reads() => InTime(() => TaskScope.RunAsync(
        async _ =>
        {
            await foreach (int item in Concurrently.MapUnorderedAsync([1], 1, static (item, _) => Task.FromResult(item)))
            {
                Assert.Contains(Find("reader").Children, static node => node.Name == "MapUnorderedAsync");
            }

            Assert.Empty(Find("reader").Children);
        },
        name: "reader"));
}
