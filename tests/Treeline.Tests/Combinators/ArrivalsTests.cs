namespace Treeline.Tests.Combinators;

public sealed class ArrivalsTests : TreeTest
{
    [Fact]
    public Task Things_come_in_the_order_in_which_they_were_posted() => InTime(async () =>
    {
        var arrivals = new Arrivals<int>("things");
        Assert.False(arrivals.TryTake(out _));
        Task waiting = arrivals.WaitAsync().AsTask();
        Assert.False(waiting.IsCompleted);
        arrivals.Post(1);
        arrivals.Post(2);
        await waiting;
        Task again = arrivals.WaitAsync().AsTask();
        Assert.True(again.IsCompletedSuccessfully);
        Assert.True(arrivals.TryTake(out int first));
        Assert.True(arrivals.TryTake(out int second));
        Assert.Equal((1, 2), (first, second));
        Assert.False(arrivals.TryTake(out _));
    });

    [Fact]
    public Task The_end_of_a_child_is_posted_whether_it_comes_before_or_after() => InTime(async () =>
    {
        var arrivals = new Arrivals<string>("ends");
        await using TaskScope scope = TaskScope.Open();
        ChildTask ended = scope.Spawn(static _ => Task.CompletedTask);
        await ended;
        arrivals.PostAtEndOf(ended, "ended before");
        Assert.True(arrivals.TryTake(out string? what));
        Assert.Equal("ended before", what);

        TaskCompletionSource go = Signal();
        arrivals.PostAtEndOf(scope.Spawn(_ => go.Task), "ends after");
        Assert.False(arrivals.TryTake(out _));
        go.SetResult();
        await arrivals.WaitAsync();
        Assert.True(arrivals.TryTake(out what));
        Assert.Equal("ends after", what);

        scope.Cancel();
        arrivals.PostAtEndOf(scope.Spawn(Forever), "never starts");
        Assert.True(arrivals.TryTake(out what));
        Assert.Equal("never starts", what);
    });

    [Fact]
    public Task Under_stress_nothing_is_missed() => InTime(async () =>
    {
        const int Each = 20_000;
        var arrivals = new Arrivals<int>("numbers");
        await TaskScope.RunAsync(async scope =>
        {
            for (int i = 0; i < 3; i++)
            {
                scope.Spawn(_ => Task.Run(() =>
                {
                    for (int n = 0; n < Each; n++)
                    {
                        arrivals.Post(1);
                    }
                }));
            }

            for (int left = 3 * Each; left > 0; left--)
            {
                while (!arrivals.TryTake(out _))
                {
                    await arrivals.Wait();
                }
            }
        });
        Assert.False(arrivals.TryTake(out _));
    });
}
