using System.Diagnostics;
using Treeline.Futures;

namespace Treeline.Tests.Futures;

/// <summary>Warm, a future that is awaited costs nothing beyond what it is made of.</summary>
public sealed class FutureAllocationTests
{
    [Fact]
    public void One_that_is_ready() => AllocatesNothing(static async (_, rounds) =>
    {
        for (int i = 0; i < rounds; i++)
        {
            await Future.Ready(i);
        }
    });

    [Fact]
    public void One_that_yields() => AllocatesNothing(static async (_, rounds) =>
    {
        for (int i = 0; i < rounds; i++)
        {
            await Future.YieldOnce();
        }
    });

    [Fact]
    public void A_chain_of_structs_that_is_pending_can_be_cancelled_and_is_dropped()
    {
        Func<ValueTuple, int> one = static _ => 1;
        Func<int, Future<YieldFuture, ValueTuple>> yield = static _ => Future.YieldOnce();
        AllocatesNothing(async (token, rounds) =>
        {
            for (int i = 0; i < rounds; i++)
            {
                (int index, (int, ValueTuple) _) = await Future.Select(
                    Future.Join(Future.YieldOnce().Map(one), Future.YieldOnce().Map(one).Then(yield)),
                    Future.Pending<(int, ValueTuple)>().Fuse()).AsValueTask(token);
                Assert.True(index == 0);
            }
        });
    }

    [Fact]
    public void A_set_of_futures_that_are_polled_by_hand() => AllocatesNothing(static async (_, rounds) =>
    {
        for (int i = 0; i < rounds; i++)
        {
            PollTwo();
        }
    });

    private static readonly FuturesUnordered<int> s_set = new();
    private static readonly IFuture<int>[] s_two = [new Endless(), new Endless()];

    private static void PollTwo()
    {
        foreach (IFuture<int> each in s_two)
        {
            s_set.Add(each);
        }

        var context = new Context(Waker.Noop);
        Assert.True(s_set.PollNext(ref context, out _).Value);
        Assert.True(s_set.PollNext(ref context, out _).Value);
        Assert.False(s_set.PollNext(ref context, out _).Value);
    }

    private static void AllocatesNothing(Func<CancellationToken, int, Fiber> work)
    {
        using var crank = new SingleThreadCrank();
        using var source = new CancellationTokenSource();
        long least = long.MaxValue;
        Run(async () =>
        {
            // Until the JIT has optimised it, which takes a while: before that, calls on structs box them.
            var patience = Stopwatch.StartNew();
            while (least > 0 && patience.Elapsed < TimeSpan.FromSeconds(30))
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                await work(source.Token, 100);
                least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            }
        });
        Assert.Equal(0, least);

        void Run(Func<Fiber> fiber)
        {
            Task task = Task.CompletedTask;
            crank.Scheduler.Schedule(new Start(() => task = fiber().AsTask()));
            crank.RunUntilIdle();
            Assert.True(task.IsCompleted);
            task.GetAwaiter().GetResult();
        }
    }

    private sealed class Endless : IFuture<int>
    {
        public Poll<int> Poll(ref Context context) => 1;
    }

    private sealed class Start(Action action) : IThreadPoolWorkItem
    {
        public void Execute() => action();
    }
}
