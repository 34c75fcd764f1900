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
