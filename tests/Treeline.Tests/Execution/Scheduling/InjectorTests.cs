namespace Treeline.Tests.Execution.Scheduling;

public sealed class InjectorTests
{
    [Fact]
    public void Work_comes_out_in_order_and_each_worker_takes_its_share()
    {
        var injector = new Injector();
        Work[] items = [.. Enumerable.Range(0, 200).Select(static _ => new Work(static () => { }))];
        Assert.All(items, item => Assert.True(injector.TryPush(item)));
        var queue = new WorkQueue();
        Assert.Same(items[0], injector.Take(queue, workers: 4));
        Assert.Equal(50, queue.Count);
        for (int i = 1; i <= 50; i++)
        {
            Assert.Same(items[i], queue.Pop());
        }

        Assert.Same(items[51], injector.Take(queue, workers: 1_000));
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void It_closes_only_when_empty_and_then_takes_nothing()
    {
        var injector = new Injector();
        var queue = new WorkQueue();
        var item = new Work(static () => { });
        Assert.True(injector.TryPush(item));
        Assert.False(injector.TryClose());
        Assert.Same(item, injector.Take(queue, workers: 1));
        Assert.True(injector.TryClose());
        Assert.False(injector.TryPush(item));
        Assert.Null(injector.Take(queue, workers: 1));
    }
}
