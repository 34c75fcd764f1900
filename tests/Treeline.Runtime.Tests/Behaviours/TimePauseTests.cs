using Treeline.Testing;

namespace Treeline.Tests.Behaviours;

/// <summary>What Tokio documents of <c>time::pause</c>: time stands still while something runs, and jumps to the next timer when nothing does.</summary>
public sealed class TimePauseTests : TreeTest
{
    [Fact]
    public Task Time_jumps_when_there_is_nothing_else_to_do() => InTime(async () =>
    {
        var time = new VirtualTime();
        await time.RunAsync(async scope =>
        {
            await Clock.Delay(TimeSpan.FromDays(1));
            Assert.Equal(TimeSpan.FromDays(1), time.Elapsed);
        });
    });

    [Fact]
    public Task It_stands_still_while_something_runs() => InTime(async () =>
    {
        var time = new VirtualTime();
        await time.RunAsync(async scope =>
        {
            ChildTask sleeper = scope.Spawn(async _ => await Clock.Delay(TimeSpan.FromMilliseconds(1)));
            for (int i = 0; i < 10_000; i++)
            {
                await Fiber.Yield();
            }

            Assert.Equal(TimeSpan.Zero, time.Elapsed);
            Assert.False(sleeper.IsCompleted);
            await sleeper;
            Assert.Equal(TimeSpan.FromMilliseconds(1), time.Elapsed);
        });
    });

    [Fact]
    public Task Sleepers_wake_in_the_order_of_their_times_each_at_its_own() => InTime(async () =>
    {
        var time = new VirtualTime();
        var woken = new List<(int Seconds, TimeSpan At)>();
        await time.RunAsync(async scope =>
        {
            foreach (int seconds in (ReadOnlySpan<int>)[30, 10, 20, 3_600])
            {
                scope.Spawn(async _ =>
                {
                    await Clock.Delay(TimeSpan.FromSeconds(seconds));
                    woken.Add((seconds, time.Elapsed));
                });
            }
        });
        Assert.Equal([10, 20, 30, 3_600], woken.Select(static each => each.Seconds));
        Assert.All(woken, static each => Assert.Equal(TimeSpan.FromSeconds(each.Seconds), each.At));
    });

    [Fact]
    public Task A_future_that_waits_for_a_timer_waits_in_virtual_time() => InTime(async () =>
    {
        var time = new VirtualTime();
        await time.RunAsync(async scope =>
        {
            (int index, ValueTuple _) = await Treeline.Futures.Future.Select(
                Treeline.Futures.Future.AsFuture(Clock.Delay(TimeSpan.FromHours(2))),
                Treeline.Futures.Future.AsFuture(Clock.Delay(TimeSpan.FromHours(1))));
            Assert.Equal(1, index);
            Assert.Equal(TimeSpan.FromHours(1), time.Elapsed);
        });
    });
}
