namespace Treeline.Tests.Sync;

public sealed class AsyncLazyTests : TreeTest
{
    [Fact]
    public Task Nothing_runs_before_somebody_asks_and_then_once() => InTime(async () =>
    {
        int calls = 0;
        var lazy = new AsyncLazy<int>(async ct =>
        {
            await Fiber.Yield();
            return ++calls;
        });
        Assert.False(lazy.IsSet);
        Assert.False(lazy.TryGet(out _));
        Assert.Equal(0, calls);
        int[] all = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => lazy.GetAsync().AsTask()));
        Assert.All(all, static value => Assert.Equal(1, value));
        Assert.True(lazy.IsSet && lazy.TryGet(out int kept) && kept == 1);
    });

    [Fact]
    public Task Failures_are_not_kept() => InTime(async () =>
    {
        int calls = 0;
        var lazy = new AsyncLazy<int>(_ => ++calls == 1 ? throw new OopsException("the first time") : Task.FromResult(calls), "number");
        Assert.Equal("the first time", (await Assert.ThrowsAsync<OopsException>(async () => await lazy.GetAsync())).Message);
        Assert.False(lazy.IsSet);
        Assert.Equal(2, await lazy.GetAsync());
        Assert.Equal("value 'number'", lazy.ToString());
    });

    [Fact]
    public Task It_runs_in_the_node_that_first_asks_and_is_cancelled_with_it_and_the_next_takes_over() => InTime(async () =>
    {
        TaskCompletionSource asked = Signal();
        var makers = new List<string>();
        var lazy = new AsyncLazy<string>(async ct =>
        {
            string maker = Ambient.CurrentOrRoot.Name;
            lock (makers)
            {
                makers.Add(maker);
            }

            if (maker == "first")
            {
                asked.SetResult();
                await Forever(ct);
            }

            return maker;
        });
        await TaskScope.RunAsync(async scope =>
        {
            TaskScope first = TaskScope.Open(name: "around first");
            ChildTask<string> one = first.Spawn(async ct => await lazy.GetAsync(ct), "first");
            await asked.Task;
            ChildTask<string> other = scope.Spawn(async ct => await lazy.GetAsync(ct), "second");
            await Until(() => Find("second").WaitsOn is not null);
            await first.DisposeAsync();
            Assert.Equal("second", await other);
            Assert.Equal(NodeState.Cancelled, one.State);
        });
        Assert.Equal(["first", "second"], makers);
    });

    [Fact]
    public void Without_a_factory_it_throws_at_once() =>
        Assert.Throws<ArgumentNullException>(static () => new AsyncLazy<int>((Func<CancellationToken, Task<int>>)null!));
}
