using static Treeline.Tests.AwaitedThing;
using static Treeline.Tests.Here;

namespace Treeline.Tests;

/// <summary>The table of docs/resumption.md, row by row, on the thread pool and on every kind of runtime.</summary>
public sealed class ResumptionTests : TreeTest
{
    [Theory]
    [InlineData(Awaited.Message, Pool, RuntimeWorker, Pool, RuntimeWorker)]
    [InlineData(Awaited.MessageWithoutContext, Pool, Pool, Pool, RuntimeWorker)]
    [InlineData(Awaited.Child, Pool, RuntimeWorker, Pool, RuntimeWorker)]
    [InlineData(Awaited.OtherFiber, Pool, RuntimeWorker, Pool, RuntimeWorker)]
    [InlineData(Awaited.Socket, Pool, RuntimeWorker, Pool, RuntimeWorker)]
    [InlineData(Awaited.SocketWithoutContext, Pool, RuntimeWorker, Pool, RuntimeWorker)]
    [InlineData(Awaited.FiberYield, Pool, RuntimeWorker, Pool, RuntimeWorker)]
    [InlineData(Awaited.TaskYield, Pool, RuntimeWorker, Pool, RuntimeWorker)]
    [InlineData(Awaited.ForeignTask, Foreign, RuntimeWorker, Foreign, RuntimeWorker)]
    [InlineData(Awaited.ForeignTaskWithoutContext, Foreign, Foreign, Foreign, Foreign)]
    [InlineData(Awaited.TaskEndedHereWithoutContext, Pool, Pool, Pool, Pool)]
    public Task Code_goes_on_where_the_table_says(
        Awaited awaited, string plainOnPool, string plainOnRuntime, string fiberOnPool, string fiberOnRuntime) => InTime(async () =>
    {
        Assert.Equal(plainOnPool, await TaskScope.RunAsync(scope => GoesOnAsync(scope, awaited, inFiber: false)));
        Assert.Equal(fiberOnPool, await TaskScope.RunAsync(scope => GoesOnAsync(scope, awaited, inFiber: true)));
        foreach (RuntimeBuilder builder in EveryKind())
        {
            await using Runtime runtime = builder.EnableAll().Build();
            (string plain, string fiber) = await OnThread(() => runtime.BlockOn(async scope =>
                (await GoesOnAsync(scope, awaited, inFiber: false), await GoesOnAsync(scope, awaited, inFiber: true))));

            Assert.Equal($"{runtime}: {plainOnRuntime}", $"{runtime}: {plain}");
            Assert.Equal($"{runtime}: {fiberOnRuntime}", $"{runtime}: {fiber}");
        }
    });

    [Theory]
    [InlineData(false, Pool)]
    [InlineData(true, RuntimeWorker)]
    public Task After_ConfigureAwait_false_the_next_wait_of_Treelines_brings_back_a_fiber_but_not_plain_code(bool inFiber, string expected) =>
        InTime(async () =>
        {
            foreach (RuntimeBuilder builder in EveryKind())
            {
                await using Runtime runtime = builder.EnableAll().Build();
                string place = await OnThread(() => runtime.BlockOn(scope => InChild(scope, async () =>
                {
                    using AwaitedThing first = await MakeAsync(Awaited.ForeignTaskWithoutContext);
                    using AwaitedThing second = await MakeAsync(Awaited.Message);
                    Task<string> goesOn = inFiber ? InFiber(scope, first, second).AsTask() : Plainly(scope, first, second);
                    Assert.False(goesOn.IsCompleted);

                    // The foreign thread has run it to the second wait when this returns.
                    first.Happen();
                    Assert.False(goesOn.IsCompleted);
                    second.Happen();
                    return await goesOn;
                })));

                Assert.Equal($"{runtime}: {expected}", $"{runtime}: {place}");
            }

            static async Task<string> Plainly(TaskScope scope, AwaitedThing first, AwaitedThing second)
            {
                await first.AwaitPlainly(scope).ConfigureAwait(false);
                return await second.AwaitPlainly(scope);
            }

            static async Fiber<string> InFiber(TaskScope scope, AwaitedThing first, AwaitedThing second)
            {
                Assert.Equal(Foreign, await first.AwaitInFiber(scope));
                return await second.AwaitInFiber(scope);
            }
        });

    [Fact]
    public Task The_executor_of_a_scope_is_where_its_children_run_and_its_body_stays_where_it_was_opened() => InTime(async () =>
    {
        await using Runtime runtime = Runtime.CreateBuilder().MultiThread(1).EnableAll().Build();
        await TaskScope.RunAsync(
            async scope =>
            {
                Assert.Equal(Here.RuntimeWorker, await scope.Spawn(async _ =>
                {
                    await Fiber.Yield();
                    return Here.Name;
                }));
                Assert.Equal(Pool, Here.Name);
            },
            new ScopeOptions { Executor = runtime.Executor });
    });

    private static IEnumerable<RuntimeBuilder> EveryKind()
    {
        yield return Runtime.CreateBuilder().MultiThread(2);
        yield return Runtime.CreateBuilder().CurrentThread();
        yield return Runtime.CreateBuilder().ThreadPerCore(2);
        yield return Runtime.CreateBuilder().MultiThread(1).UseDriver(DriverKind.Portable);
    }

    private static Task<string> GoesOnAsync(TaskScope scope, Awaited awaited, bool inFiber) => InChild(scope, async () =>
    {
        using AwaitedThing thing = await MakeAsync(awaited);

        // When this has returned, the code has run up to its await and waits; the thing has not happened yet.
        Task<string> goesOn = inFiber ? thing.AwaitInFiber(scope).AsTask() : thing.AwaitPlainly(scope);
        if (thing.Lasts)
        {
            Assert.False(goesOn.IsCompleted);
            thing.Happen();
        }

        return await goesOn;
    });

    /// <summary>In a child of the scope, for which its executor counts.</summary>
    private static async Task<string> InChild(TaskScope scope, Func<Task<string>> code)
    {
        Func<CancellationToken, Task<string>> plain = _ => code();
        return await scope.Spawn(plain);
    }

    private static Task<T> OnThread<T>(Func<T> blocks) =>
        Task.Factory.StartNew(blocks, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
