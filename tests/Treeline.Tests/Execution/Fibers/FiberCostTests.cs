using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Treeline.Tests.Execution.Fibers;

/// <summary>In the steady state a fiber costs no bytes, and what has ended keeps nothing alive.</summary>
public sealed class FiberCostTests : TreeTest
{
    private const int Batches = 50;
    private const int Batch = 1_000;

    // What each scope, with the task of its run, may cost.
    private const int BytesPerScope = 2_000;

    private static readonly TimeSpan s_longEnough = TimeSpan.FromSeconds(20);

    [Fact]
    public Task A_trivial_child_costs_no_bytes() => InTime(() => AssertFree(static async scope =>
    {
        for (int i = 0; i < Batch; i++)
        {
            scope.Spawn(static async _ => await NothingAsync(false));
        }

        await Fiber.Yield();
    }));

    [Fact]
    public Task A_child_that_yields_costs_no_bytes() => InTime(() => AssertFree(static async scope =>
    {
        for (int i = 0; i < Batch; i++)
        {
            scope.Spawn(static async _ => await Fiber.Yield());
        }

        await Fiber.Yield();
    }));

    [Fact]
    public Task Awaiting_each_child_costs_no_bytes() => InTime(() => AssertFree(static async scope =>
    {
        for (int i = 0; i < Batch; i++)
        {
            await scope.Spawn(static async _ => await Fiber.Yield());
        }
    }));

    [Fact]
    public Task A_chain_of_a_hundred_fibers_over_a_leaf_that_waits_costs_no_bytes() => InTime(() => AssertFree(static async scope =>
    {
        await scope.Spawn(static async _ =>
        {
            for (int i = 0; i < Batch / 100; i++)
            {
                await ChainAsync(100);
            }
        });
    }));

    [Fact]
    public Task A_wait_of_the_kernel_in_a_fiber_costs_no_bytes() => InTime(() => AssertFree(static async scope =>
    {
        var signal = new ManualResetSignal();
        ChildTask waiting = scope.Spawn(async _ =>
        {
            for (int i = 0; i < Batch / 10; i++)
            {
                await signal.Wait();
                signal.Reset();
                await Fiber.Yield();
            }
        });
        while (!waiting.IsCompleted)
        {
            signal.Set();
            await Fiber.Yield();
        }
    }));

    [Fact]
    public Task A_finished_fiber_keeps_nothing_alive_that_it_captured() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        var kept = new List<WeakReference>();
        var handles = new List<ChildTask>();
        await scope.Spawn(async _ =>
        {
            for (int i = 0; i < 20; i++)
            {
                await UseAsync(kept, handles);
            }
        });
        for (int i = 0; i < 20 && kept.Exists(static reference => reference.IsAlive); i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Task.Yield(); // off the stack on which they ended
            await Fiber.Yield();
        }

        Assert.Equal(20 * 6, kept.Count);
        Assert.DoesNotContain(kept, static reference => reference.IsAlive);
        GC.KeepAlive(handles);
    }));

    [Fact]
    public Task A_method_that_awaits_a_ValueTask_publishes_its_child_once_and_not_at_each_call() => InTime(() => AssertFree(async scope =>
    {
        var mutex = new AsyncSemaphore(1);
        await scope.Spawn(async _ =>
        {
            for (int i = 0; i < Batch; i++)
            {
                await OuterAsync(mutex);
            }
        });

        static async Fiber OuterAsync(AsyncSemaphore mutex) => await InnerAsync(mutex);

        static async Fiber InnerAsync(AsyncSemaphore mutex)
        {
            using (await mutex.AcquireAsync())
            {
                await Fiber.Yield();
            }
        }
    }));

    private static async Fiber UseAsync(List<WeakReference> kept, List<ChildTask> handles)
    {
        await TaskScope.RunAsync(
            async inner =>
            {
                await AwaitAsync(Captured(kept), fail: false);
                handles.Add(SpawnWith(inner, Captured(kept)));
                ChildTask<byte[]> result = inner.Spawn(_ => HandOnAsync(Captured(kept)));
                _ = (await result).Length;
                try
                {
                    await AwaitAsync(Captured(kept), fail: true);
                }
                catch (OopsException)
                {
                    // As it should.
                }

                await AwaitAsync(Captured(kept), fail: false).AsTask();
                await PlainAsync(Captured(kept));
            });

        static ChildTask SpawnWith(TaskScope scope, byte[] captured) => scope.Spawn(async _ =>
        {
            await Fiber.Yield();
            GC.KeepAlive(captured);
        });

        static async Task PlainAsync(byte[] captured) => await AwaitAsync(captured, fail: false);

        static async Fiber<byte[]> HandOnAsync(byte[] captured)
        {
            await Fiber.Yield();
            return captured;
        }

        static async Fiber AwaitAsync(byte[] captured, bool fail)
        {
            await Fiber.Yield();
            GC.KeepAlive(captured);
            if (fail)
            {
                throw new OopsException("on purpose");
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static byte[] Captured(List<WeakReference> kept)
    {
        byte[] captured = new byte[100];
        kept.Add(new WeakReference(captured));
        return captured;
    }

    private static async Fiber ChainAsync(int levels)
    {
        if (levels == 0)
        {
            await Fiber.Yield();
        }
        else
        {
            await ChainAsync(levels - 1);
        }
    }

    private static async Fiber NothingAsync(bool suspends)
    {
        if (suspends)
        {
            await Fiber.Yield();
        }
    }

    /// <summary>
    /// Runs batches, each in a scope of its own; the least of several measurements, as others can only add. Code that the
    /// JIT has not optimized yet boxes awaiters, so this goes on for a while.
    /// </summary>
    private static async Task AssertFree(Func<TaskScope, Fiber> batch)
    {
        long least = long.MaxValue;
        var clock = Stopwatch.StartNew();
        while (least > Batches * BytesPerScope && clock.Elapsed < s_longEnough)
        {
            await TaskScope.RunAsync(async outer => await outer.Spawn(async _ =>
            {
                long before = GC.GetTotalAllocatedBytes(precise: true);
                for (int i = 0; i < Batches; i++)
                {
                    await TaskScope.RunAsync(batch);
                    await Fiber.Yield(); // back on a worker
                }

                least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
            }));
        }

        Assert.True(least <= Batches * BytesPerScope, $"{least / Batches} bytes a scope of {Batch} steps.");
    }
}
