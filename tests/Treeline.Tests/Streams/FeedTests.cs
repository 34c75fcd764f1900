namespace Treeline.Tests.Streams;

public sealed class FeedTests : TreeTest
{
    private static readonly TimeSpan s_forEver = System.Threading.Timeout.InfiniteTimeSpan;

    [Fact]
    public Task Items_come_in_order_while_the_ring_grows_and_turns() => InTime(async () =>
    {
        var feed = new Feed<int>(40);
        int put = 0;
        int taken = 0;
        foreach ((int puts, int takes) in (ReadOnlySpan<(int, int)>)[(10, 7), (20, 3), (20, 30), (30, 5), (5, 40)])
        {
            for (int i = 0; i < puts; i++)
            {
                Assert.True(feed.TryPut(put++));
            }

            for (int i = 0; i < takes; i++)
            {
                Assert.Equal(taken++, feed.Take());
            }
        }

        Assert.Equal(0, feed.Count);
        feed.End();
        Assert.False(await feed.WaitAsync());
    });

    [Fact]
    public Task Full_it_takes_no_more_and_says_when_it_does() => InTime(async () =>
    {
        var feed = new Feed<int>(2);
        Assert.True(feed.TryPut(1));
        Assert.True(feed.TryPut(2));
        Assert.False(feed.TryPut(3));
        WaitAwaitable<Nothing> room = feed.WaitForRoom(CancellationToken.None);
        Assert.False(room.IsCompleted);
        Assert.Equal(1, feed.Take());
        await room;
        Assert.True(feed.TryPut(3));
    });

    [Fact]
    public Task One_that_overwrites_keeps_the_newest() => InTime(() =>
    {
        var feed = new Feed<int>(1, overwrites: true);
        Assert.True(feed.TryPut(1));
        Assert.True(feed.TryPut(2));
        Assert.Equal(2, feed.Peek());
        Assert.Equal(2, feed.Take());
        Assert.Equal(0, feed.Count);
        return Task.CompletedTask;
    });

    [Fact]
    public Task Who_waits_for_several_is_woken_when_there_are_as_many_or_no_more_will_come() => InTime(async () =>
    {
        var feed = new Feed<int>(5);
        Task<bool> three = feed.WaitAsync(3, s_forEver, TimeProvider.System).AsTask();
        feed.TryPut(1);
        feed.TryPut(2);
        Assert.False(three.IsCompleted);
        feed.TryPut(3);
        Assert.True(await three);
        Task<bool> five = feed.WaitAsync(5, s_forEver, TimeProvider.System).AsTask();
        feed.End();
        Assert.True(await five);
        Assert.True(feed.HasEnded);
    });

    [Fact]
    public Task A_wait_ends_when_its_time_is_over() => InTime(async () =>
    {
        var clock = new ManualTimeProvider();
        var feed = new Feed<int>(5);
        feed.TryPut(1);
        Task<bool> two = feed.WaitAsync(2, TimeSpan.FromSeconds(1), clock).AsTask();
        clock.Advance(TimeSpan.FromMilliseconds(999));
        Assert.False(two.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        await two;
        Assert.Equal(1, feed.Count);
    });

    [Fact]
    public Task A_cancelled_wait_takes_nothing() => InTime(async () =>
    {
        var feed = new Feed<int>(1);
        using var gone = new CancellationTokenSource();
        Task<bool> item = feed.WaitAsync(gone.Token).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => item);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await feed.WaitAsync(gone.Token));
        feed.TryPut(1);
        Assert.True(await feed.WaitAsync());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await feed.WaitForRoom(gone.Token));
        Assert.Equal(1, feed.Take());
    });

    [Fact]
    public Task Closed_it_drops_what_it_has_and_gets_and_holds_nobody_up() => InTime(async () =>
    {
        var feed = new Feed<int>(1);
        feed.TryPut(1);
        WaitAwaitable<Nothing> room = feed.WaitForRoom(CancellationToken.None);
        feed.Close();
        await room;
        Assert.True(feed.TryPut(2));
        Assert.True(feed.TryPut(3));
        Assert.Equal(0, feed.Count);
    });

    [Fact]
    public Task Between_two_threads_nothing_is_lost_and_nothing_comes_twice() => InTime(async () =>
    {
        const int Items = 20_000;
        int seed = Random.Shared.Next();
        foreach (int capacity in (int[])[1, 3, 100])
        {
            var feed = new Feed<int>(capacity);
            Task putting = Task.Run(async () =>
            {
                var random = new Random(seed);
                for (int i = 0; i < Items; i++)
                {
                    while (!feed.TryPut(i))
                    {
                        await feed.WaitForRoom(CancellationToken.None);
                    }

                    if (random.Next(50) == 0)
                    {
                        await Task.Yield();
                    }
                }

                feed.End();
            });
            var others = new Random(~seed);
            int next = 0;
            while (true)
            {
                using var gone = new CancellationTokenSource();
                ValueTask<bool> wait = feed.WaitAsync(gone.Token);
                Task cancelling = others.Next(100) == 0 ? Task.Run(gone.Cancel) : Task.CompletedTask;
                bool more;
                try
                {
                    more = await wait;
                }
                catch (OperationCanceledException)
                {
                    continue;
                }
                finally
                {
                    await cancelling;
                }

                if (!more)
                {
                    break;
                }

                int item = feed.Take();
                if (item != next++)
                {
                    Assert.Fail($"Seed {seed}, capacity {capacity}: {item} came as number {next}.");
                }
            }

            Assert.Equal(Items, next);
            await putting;
        }
    });
}
