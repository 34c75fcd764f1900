namespace Treeline.Tests;

/// <summary>Code that ran on a runtime which has been shut down, because the scope it belongs to is not the runtime's.</summary>
public sealed class AfterShutdownTests : TreeTest
{
    [Theory]
    [InlineData(Awaited.Message, false)]
    [InlineData(Awaited.Message, true)]
    [InlineData(Awaited.Child, false)]
    [InlineData(Awaited.Child, true)]
    [InlineData(Awaited.ForeignTask, false)]
    [InlineData(Awaited.ForeignTask, true)]
    public Task It_goes_on_on_the_thread_pool(Awaited awaited, bool inFiber) => InTime(async () =>
    {
        Runtime runtime = Runtime.CreateBuilder().MultiThread(1).EnableAll().Build();
        using AwaitedThing thing = await AwaitedThing.MakeAsync(awaited);
        await TaskScope.RunAsync(
            async scope =>
            {
                Func<CancellationToken, Task<string>> plain = _ => thing.AwaitPlainly(scope);
                ChildTask<string> child = inFiber ? scope.Spawn(_ => thing.AwaitInFiber(scope)) : scope.Spawn(plain);

                // Which runs all that is ready first: then the child waits.
                await runtime.DisposeAsync();
                Assert.False(child.IsCompleted);
                thing.Happen();

                Assert.Equal(Here.Pool, await child);
            },
            new ScopeOptions { Executor = runtime.Executor });
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_delay_that_began_there_ends_and_a_fiber_can_still_yield(bool currentThread) => InTime(async () =>
    {
        RuntimeBuilder builder = Runtime.CreateBuilder().EnableAll();
        Runtime runtime = (currentThread ? builder.CurrentThread() : builder.MultiThread(1)).Build();
        await TaskScope.RunAsync(
            async scope =>
            {
                bool isOver = false;
                ChildTask<string> delayed = scope.Spawn(async _ =>
                {
                    do
                    {
                        await Clock.Delay(TimeSpan.FromMilliseconds(20));
                    }
                    while (!Volatile.Read(ref isOver));

                    await Fiber.Yield();
                    return Here.Name;
                });

                // It is in the middle of a delay then.
                await runtime.DisposeAsync();
                Volatile.Write(ref isOver, true);

                Assert.Equal(Here.Pool, await delayed);
            },
            new ScopeOptions { Executor = runtime.Executor });
    });

    [Fact]
    public async Task An_alarm_that_is_set_when_nobody_waits_any_more_rings_by_the_systems_timer()
    {
        var clock = new AlarmClock();
        TaskCompletionSource first = Signal();
        TaskCompletionSource second = Signal();
        using ITimer early = clock.CreateTimer(
            _ => first.TrySetResult(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        using ITimer late = clock.CreateTimer(
            _ => second.TrySetResult(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        late.Change(TimeSpan.FromMilliseconds(30), Timeout.InfiniteTimeSpan);
        clock.Close();
        early.Change(TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);

        await first.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await second.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.False(clock.IsDue(long.MaxValue - 1));
    }

    [Fact]
    public Task What_is_spawned_there_fails_at_once() => InTime(async () =>
    {
        Runtime runtime = Runtime.CreateBuilder().MultiThread(1).EnableAll().Build();
        await runtime.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => TaskScope.RunAsync(
            async scope => await scope.Spawn(async _ => await Fiber.Yield()),
            new ScopeOptions { Executor = runtime.Executor }));
    });
}
