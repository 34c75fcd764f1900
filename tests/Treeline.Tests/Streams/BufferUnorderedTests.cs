namespace Treeline.Tests.Streams;

public sealed class BufferUnorderedTests : StreamOperatorTests
{
    protected override string Name => "BufferUnordered";

    [Fact]
    public Task Several_are_in_work_and_the_results_come_as_they_are_done() => InTime(async () =>
    {
        TaskCompletionSource<string>[] done = [new(), new(), new()];
        int begun = 0;
        await using IAsyncEnumerator<string> results = AsyncEnumerable.Range(0, 3).BufferUnordered(
            2,
            (item, _) =>
            {
                Interlocked.Increment(ref begun);
                return done[item].Task;
            }).GetAsyncEnumerator();
        ValueTask<bool> first = results.MoveNextAsync();
        await Until(() => Volatile.Read(ref begun) == 2);
        done[1].SetResult("b");
        Assert.True(await first);
        Assert.Equal("b", results.Current);
        done[2].SetResult("c");
        Assert.True(await results.MoveNextAsync());
        Assert.Equal("c", results.Current);
        done[0].SetResult("a");
        Assert.True(await results.MoveNextAsync());
        Assert.Equal("a", results.Current);
        Assert.False(await results.MoveNextAsync());
    });

    [Fact]
    public Task All_shapes_of_work_are_taken() => InTime(async () =>
    {
        IAsyncEnumerable<int> items = AsyncEnumerable.Range(1, 3);
        int[] doubled = [2, 4, 6];
        Assert.Equal(doubled, await items.BufferUnordered(2, static async (item, ct) => item * 2).Order().ToArrayAsync());
        Assert.Equal(doubled, await items.BufferUnordered(2, static (item, _) => Task.FromResult(item * 2)).Order().ToArrayAsync());
        Assert.Equal(doubled, await items.BufferUnordered(2, static (item, _) => new ValueTask<int>(item * 2)).Order().ToArrayAsync());
    });

    protected override IAsyncEnumerable<int> Apply(IAsyncEnumerable<int> source) =>
        source.BufferUnordered(1, static (item, _) => new ValueTask<int>(item));
}
