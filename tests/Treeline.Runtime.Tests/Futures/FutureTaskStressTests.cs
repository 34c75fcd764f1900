using Treeline.Futures;

namespace Treeline.Tests.Futures;

/// <summary>Wakers, polls and cancellation at once, on real threads.</summary>
public sealed class FutureTaskStressTests : TreeTest
{
    private const int Rounds = 10_000;

    [Fact]
    public Task No_wake_up_is_lost_and_no_future_polled_by_two() => InTime(async () =>
    {
        int seed = Environment.TickCount;
        await TaskScope.RunAsync(async scope =>
        {
            for (int i = 0; i < 4; i++)
            {
                int number = i;
                scope.Spawn(async ct =>
                {
                    var random = new Random(seed + number);
                    for (int round = 0; round < Rounds / 4; round++)
                    {
                        var counted = new Counted(random.Next(1, 6), $"seed {seed}");
                        ChildTask<int> waker = scope.Spawn(async _ => counted.CountUp());
                        Assert.Equal(counted.Goal, await counted);
                        await waker;
                    }
                });
            }
        });
    });

    [Fact]
    public Task Completed_and_cancelled_at_once_it_is_one_of_the_two_and_dropped_once() => InTime(async () =>
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        int completed = 0;
        int cancelled = 0;
        var together = new Barrier(2); // not disposed: should a round fail, the other thread waits there for ever
        ByHand<int> future = null!;
        var completer = new Thread(() =>
        {
            for (int round = 0; round < Rounds; round++)
            {
                together.SignalAndWait();
                future.Complete(round);
                together.SignalAndWait();
            }
        })
        {
            IsBackground = true,
        };
        completer.UnsafeStart();
        for (int round = 0; round < Rounds; round++)
        {
            future = new ByHand<int>();
            using var source = new CancellationTokenSource();
            ValueTask<int> task = future.AsValueTask(source.Token);
            together.SignalAndWait();
            Thread.SpinWait(random.Next(200));
            source.Cancel();
            try
            {
                Assert.Equal(round, await task);
                completed++;
            }
            catch (OperationCanceledException)
            {
                cancelled++;
            }

            together.SignalAndWait();
            Assert.True(future.Drops == 1, $"seed {seed}, round {round}: dropped {future.Drops} times.");
        }

        Assert.Equal(Rounds, completed + cancelled);
    });

    /// <summary>Ends when it has been counted up to a number, by another thread, one wake-up each.</summary>
    private sealed class Counted(int goal, string seed) : IFuture<int>
    {
        private readonly Lock _gate = new();
        private Waker _waker;
        private int _count;
        private int _polling;

        public int Goal => goal;

        public Poll<int> Poll(ref Context context)
        {
            Assert.True(Interlocked.Exchange(ref _polling, 1) == 0, $"{seed}: two poll at once.");
            int count;
            lock (_gate)
            {
                _waker = context.Waker;
                count = _count;
            }

            Volatile.Write(ref _polling, 0);
            return count == goal ? count : Poll<int>.Pending;
        }

        public int CountUp()
        {
            for (int i = 0; i < goal; i++)
            {
                Waker waker;
                lock (_gate)
                {
                    _count++;
                    waker = _waker;
                }

                waker.Wake();
            }

            return goal;
        }
    }
}
