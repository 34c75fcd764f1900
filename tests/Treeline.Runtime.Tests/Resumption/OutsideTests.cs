namespace Treeline.Tests;

/// <summary>Code that runs on no runtime, and awaits what one does.</summary>
public sealed class OutsideTests : TreeTest
{
    [Fact]
    public Task Whoever_awaits_a_child_of_a_runtime_elsewhere_stays_elsewhere() => InTime(async () =>
    {
        await using Runtime runtime = Runtime.CreateBuilder().MultiThread(1).EnableAll().Build();
        TaskCompletionSource go = Signal();
        ChildTask child = runtime.Spawn(async ct => await go.Task.WaitAsync(ct));

        Task<string> goesOn = AwaitAsync(child);
        Assert.False(goesOn.IsCompleted);
        go.SetResult();

        Assert.Equal(Here.Pool, await goesOn);

        static async Task<string> AwaitAsync(ChildTask child)
        {
            await child;
            return Here.Name;
        }
    });

    [Fact]
    public Task Whoever_awaits_a_socket_of_a_runtime_elsewhere_goes_on_on_the_runtime() => InTime(async () =>
    {
        await using Runtime runtime = Runtime.CreateBuilder().MultiThread(1).EnableAll().Build();
        Func<CancellationToken, Task<AwaitedThing>> make = _ => AwaitedThing.MakeAsync(Awaited.Socket);
        using AwaitedThing thing = await runtime.Spawn(make);
        await Task.Run(async () =>
        {
            Assert.Null(SynchronizationContext.Current);
            Task<string> goesOn = thing.AwaitPlainly(null!);
            Assert.False(goesOn.IsCompleted);
            thing.Happen();

            Assert.Equal(Here.RuntimeWorker, await goesOn);
        });
    });

    [Fact]
    public Task Code_of_a_user_interface_comes_back_to_its_thread() => InTime(async () =>
    {
        using var userInterface = new UserInterface();
        await using Runtime runtime = Runtime.CreateBuilder().MultiThread(1).EnableAll().Build();
        await userInterface.InvokeAsync(() => TaskScope.RunAsync(
            async scope =>
            {
                foreach (Awaited awaited in (Awaited[])[Awaited.Message, Awaited.Child, Awaited.ForeignTask, Awaited.Socket, Awaited.TaskYield])
                {
                    using AwaitedThing thing = await AwaitedThing.MakeAsync(awaited);
                    Task<string> plain = thing.AwaitPlainly(scope);
                    thing.Happen();
                    await plain;
                    Assert.True(userInterface.IsCurrent, $"{awaited}");
                }

                Assert.Equal(Here.RuntimeWorker, await scope.Spawn(async _ =>
                {
                    await Fiber.Yield();
                    return Here.Name;
                }));
                Assert.True(userInterface.IsCurrent);
            },
            new ScopeOptions { Executor = runtime.Executor }));
    });
}
