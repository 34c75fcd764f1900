using Treeline.Testing;

namespace Treeline.Tests;

/// <summary>Where there is one thread to come back to, code comes back to that very thread.</summary>
public sealed class SameThreadTests : TreeTest
{
    [Fact]
    public Task A_current_thread_runtime_runs_on_the_thread_that_blocks_on_it_and_waits_for_the_next() => InTime(async () =>
    {
        await using Runtime runtime = Runtime.CreateBuilder().CurrentThread().EnableAll().Build();
        using AwaitedThing thing = await AwaitedThing.MakeAsync(Awaited.Message);
        ChildTask<(int Before, int After)> child = default;
        int first = await OnThread(() =>
        {
            runtime.BlockOn(async scope =>
            {
                TaskCompletionSource begun = Signal();
                child = runtime.Spawn(async _ =>
                {
                    int before = Here.ThreadId;
                    begun.SetResult();
                    await thing.AwaitInFiber(scope);
                    return (before, Here.ThreadId);
                });
                await begun.Task;
            });
            return Here.ThreadId;
        });
        thing.Happen();
        Assert.False(child.IsCompleted);

        (int Before, int After) ran = default;
        int second = await OnThread(() =>
        {
            ran = runtime.BlockOn(async _ => await child);
            return Here.ThreadId;
        });

        Assert.Equal((first, second), ran);
    });

    [Fact]
    public Task On_a_runtime_with_a_thread_to_a_core_code_stays_on_its_core() => InTime(async () =>
    {
        await using Runtime runtime = Runtime.CreateBuilder().ThreadPerCore(2).EnableAll().Build();
        var threads = new HashSet<int>();
        foreach (Executor core in runtime.Executors)
        {
            await TaskScope.RunAsync(
                async scope =>
                {
                    Func<CancellationToken, Task<int>> plain = _ => AwaitEverythingPlainly(scope);
                    int inPlainCode = await scope.Spawn(plain);
                    Assert.Equal(inPlainCode, await scope.Spawn(_ => AwaitEverythingInFiber(scope)));
                    threads.Add(inPlainCode);
                },
                new ScopeOptions { Executor = core });
        }

        Assert.Equal(2, threads.Count);
    });

    [Fact]
    public Task In_virtual_time_all_code_runs_on_one_thread() => InTime(async () =>
    {
        await new VirtualTime().RunAsync(async scope =>
        {
            int thread = Here.ThreadId;
            Func<CancellationToken, Task<int>> plain = _ => AwaitEverythingPlainly(scope);
            Assert.Equal(thread, await scope.Spawn(plain));
            Assert.Equal(thread, await scope.Spawn(_ => AwaitEverythingInFiber(scope)));
            Assert.Equal(thread, Here.ThreadId);
        });
    });

    [Fact]
    public Task In_virtual_time_ConfigureAwait_false_leaves_for_the_thread_pool_and_is_waited_for() => InTime(async () =>
    {
        await new VirtualTime().RunAsync(async scope =>
        {
            using var registered = new ManualResetEventSlim();
            Task foreign = Task.Run(registered.Wait, CancellationToken.None);
            Task<string> goesOn = LeaveAsync(foreign);
            registered.Set();
            Assert.Equal(Here.Pool, await goesOn);
        });

        static async Task<string> LeaveAsync(Task foreign)
        {
            await foreign.ConfigureAwait(false);
            return Here.Name;
        }
    });

    /// <summary>Fails if an await does not come back to the thread, whose number it returns.</summary>
    private static async Task<int> AwaitEverythingPlainly(TaskScope scope)
    {
        int thread = Here.ThreadId;
        for (int round = 0; round < 5; round++)
        {
            (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Unbounded<int>();
            ChildTask sends = scope.Spawn(async _ =>
            {
                await Fiber.Yield();
                sender.TrySend(1);
            });
            await receiver.ReceiveAsync();
            Assert.Equal(thread, Here.ThreadId);
            await sends;
            Assert.Equal(thread, Here.ThreadId);
            await Task.Run(static () => { }, CancellationToken.None);
            Assert.Equal(thread, Here.ThreadId);
            await Clock.Delay(TimeSpan.FromMilliseconds(1));
            Assert.Equal(thread, Here.ThreadId);
            await Fiber.Yield();
            Assert.Equal(thread, Here.ThreadId);
            await Task.Yield();
            Assert.Equal(thread, Here.ThreadId);
        }

        return thread;
    }

    private static async Fiber<int> AwaitEverythingInFiber(TaskScope scope)
    {
        int thread = Here.ThreadId;
        for (int round = 0; round < 5; round++)
        {
            (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Unbounded<int>();
            ChildTask sends = scope.Spawn(async _ =>
            {
                await Fiber.Yield();
                sender.TrySend(1);
            });
            await receiver.ReceiveAsync();
            Assert.Equal(thread, Here.ThreadId);
            await sends;
            Assert.Equal(thread, Here.ThreadId);
            await Task.Run(static () => { }, CancellationToken.None);
            Assert.Equal(thread, Here.ThreadId);
            await Clock.Delay(TimeSpan.FromMilliseconds(1));
            Assert.Equal(thread, Here.ThreadId);
            await Fiber.Yield();
            Assert.Equal(thread, Here.ThreadId);
            await Task.Yield();
            Assert.Equal(thread, Here.ThreadId);
        }

        return thread;
    }

    private static Task<T> OnThread<T>(Func<T> blocks) =>
        Task.Factory.StartNew(blocks, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
