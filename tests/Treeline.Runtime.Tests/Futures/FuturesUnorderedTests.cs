using Treeline.Futures;

namespace Treeline.Tests.Futures;

public sealed class FuturesUnorderedTests : TreeTest
{
    [Fact]
    public void An_empty_set_has_no_next()
    {
        using var set = new FuturesUnordered<int>();
        Assert.False(Next(set).Value.Any);
        set.Add(Future.Ready(1));
        Assert.Equal(1, set.Count);
        Assert.Equal((true, 1), Next(set).Value);
        Assert.Equal(0, set.Count);
        Assert.False(Next(set).Value.Any);
    }

    [Fact]
    public void Only_those_that_were_woken_are_polled()
    {
        using var set = new FuturesUnordered<int>();
        ByHand<int>[] each = [.. Enumerable.Range(0, 100).Select(static _ => new ByHand<int>())];
        Array.ForEach(each, set.Add);
        Assert.Equal(0, each[0].Polls);
        Assert.True(Next(set).IsPending);
        Assert.All(each, static future => Assert.Equal(1, future.Polls));

        each[17].Waker.Wake();
        Assert.True(Next(set).IsPending);
        each[42].Complete(42);
        Assert.Equal((true, 42), Next(set).Value);
        Assert.Equal((2, 2), (each[17].Polls, each[42].Polls));
        Assert.Equal(102, each.Sum(static future => future.Polls));
        Assert.Equal(99, set.Count);
    }

    [Fact]
    public void Who_polls_is_woken_once_for_many()
    {
        using var set = new FuturesUnordered<int>();
        ByHand<int>[] each = [new(), new(), new()];
        Array.ForEach(each, set.Add);
        var woken = new CountingWaker();
        Next(set, woken.Waker);
        Array.ForEach(each, static future => future.Complete(0));
        Assert.Equal(1, woken.Count);
        Assert.True(Next(set, woken.Waker).IsReady);
        Assert.True(Next(set, woken.Waker).IsReady);
        Assert.True(Next(set, woken.Waker).IsReady);
        Assert.False(Next(set, woken.Waker).Value.Any);
    }

    [Fact]
    public void Results_come_in_the_order_in_which_futures_end()
    {
        using var set = new FuturesUnordered<int>();
        ByHand<int>[] each = [new(), new(), new()];
        Array.ForEach(each, set.Add);
        Next(set);
        each[2].Complete(2);
        each[0].Complete(0);
        each[1].Complete(1);
        Assert.Equal([2, 0, 1], Enumerable.Range(0, 3).Select(_ => Next(set).Value.Result));
    }

    [Fact]
    public void Who_waits_is_woken_for_a_future_that_is_added()
    {
        using var set = new FuturesUnordered<int>();
        set.Add(new ByHand<int>());
        var woken = new CountingWaker();
        Assert.True(Next(set, woken.Waker).IsPending);
        set.Add(Future.Ready(5));
        Assert.Equal(1, woken.Count);
        Assert.Equal((true, 5), Next(set, woken.Waker).Value);
    }

    [Fact]
    public void A_future_that_wakes_itself_for_ever_keeps_nobody_from_going_on()
    {
        using var set = new FuturesUnordered<int>();
        int polls = 0;
        set.Add(Future.FromPoll((ref Context context) =>
        {
            polls++;
            context.Waker.Wake();
            return Poll<int>.Pending;
        }));
        var woken = new CountingWaker();
        Assert.True(Next(set, woken.Waker).IsPending);
        Assert.Equal((1, 1), (polls, woken.Count));
        set.Add(Future.Ready(5));
        Assert.Equal((true, 5), Next(set, woken.Waker).Value);
        Assert.Equal(2, polls);
    }

    [Fact]
    public void A_waker_may_come_when_its_future_is_long_gone()
    {
        using var set = new FuturesUnordered<int>();
        var first = new ByHand<int>();
        set.Add(first);
        Next(set);
        Waker late = first.Waker;
        first.Complete(1);
        Assert.True(Next(set).IsReady);
        late.Wake();
        Assert.False(Next(set).Value.Any);
        var second = new ByHand<int>();
        set.Add(second);
        Assert.True(Next(set).IsPending);
        late.Wake();
        Assert.True(Next(set).IsPending);
        second.Complete(2);
        Assert.Equal((true, 2), Next(set).Value);
    }

    [Fact]
    public void A_future_that_fails_is_gone_and_the_others_go_on()
    {
        using var set = new FuturesUnordered<int>();
        var failing = new ByHand<int>();
        failing.Fail(new OopsException("a"));
        set.Add(failing);
        set.Add(Future.Ready(5));
        Assert.Throws<OopsException>(() => Next(set));
        Assert.Equal((1, 1), (failing.Drops, set.Count));
        Assert.Equal((true, 5), Next(set).Value);
    }

    [Fact]
    public void One_at_a_time_polls()
    {
        using var set = new FuturesUnordered<int>();
        InvalidOperationException? error = null;
        set.Add(Future.FromPoll((ref Context context) =>
        {
            error = Assert.Throws<InvalidOperationException>(() => Next(set));
            return Poll<int>.Ready(1);
        }));
        Assert.True(Next(set).IsReady);
        Assert.Contains("One at a time", error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public Task It_can_be_enumerated() => InTime(async () =>
    {
        using var set = new FuturesUnordered<int>();
        for (int i = 0; i < 100; i++)
        {
            int number = i;
            set.Add(new Countdown(i % 5).Map(_ => number));
        }

        var results = new List<int>();
        await foreach (int result in set)
        {
            results.Add(result);
        }

        Assert.Equal(Enumerable.Range(0, 100), results.Order());
    });

    [Fact]
    public Task A_cancelled_enumeration_loses_nothing() => InTime(async () =>
    {
        using var set = new FuturesUnordered<int>();
        var future = new ByHand<int>();
        set.Add(future);
        using var source = new CancellationTokenSource();
        IAsyncEnumerator<int> enumerator = set.GetAsyncEnumerator(source.Token);
        Task<bool> next = enumerator.MoveNextAsync().AsTask();
        Assert.False(next.IsCompleted);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        await enumerator.DisposeAsync();
        future.Complete(5);
        await foreach (int result in set)
        {
            Assert.Equal(5, result);
        }

        Assert.Equal(1, future.Drops);
    });

    [Fact]
    public void Disposing_drops_what_has_not_ended_and_tells_who_polls()
    {
        var set = new FuturesUnordered<int>();
        ByHand<int>[] each = [new(), new(), new()];
        Array.ForEach(each, set.Add);
        var woken = new CountingWaker();
        Next(set, woken.Waker);
        each[1].Complete(1);
        Next(set, woken.Waker);
        Next(set, woken.Waker);
        int before = woken.Count;
        set.Dispose();
        set.Dispose();
        Assert.Equal(before + 1, woken.Count);
        Assert.All(each, static future => Assert.Equal(1, future.Drops));
        Assert.Throws<ObjectDisposedException>(() => Next(set));
        Assert.Throws<ObjectDisposedException>(() => set.Add(Future.Ready(1)));
        each[0].Waker.Wake();
    }

    [Fact]
    public void Disposed_by_one_of_its_futures_it_drops_that_one_after_its_poll()
    {
        var set = new FuturesUnordered<int>();
        int dropsInPoll = -1;
        ByHand<int> disposing = null!;
        disposing = new ByHand<int>
        {
            OnPoll = _ =>
            {
                set.Dispose();
                dropsInPoll = disposing.Drops;
            },
        };
        set.Add(disposing);
        Assert.Throws<ObjectDisposedException>(() => Next(set));
        Assert.Equal((0, 1), (dropsInPoll, disposing.Drops));
    }

    [Fact]
    public void Errors_of_dropping_come_together_and_all_are_dropped()
    {
        var set = new FuturesUnordered<int>();
        ByHand<int>[] each = [new() { OnDrop = Throw }, new(), new() { OnDrop = Throw }];
        Array.ForEach(each, set.Add);
        Assert.Equal(2, Assert.Throws<AggregateException>(set.Dispose).InnerExceptions.Count);
        Assert.All(each, static future => Assert.Equal(1, future.Drops));

        static void Throw() => throw new OopsException("drop");
    }

    [Fact]
    public Task Wakers_and_adders_on_other_threads_lose_nothing() => InTime(async () =>
    {
        const int Adders = 4;
        const int Each = 5_000;
        int seed = Environment.TickCount;
        using var set = new FuturesUnordered<int>();
        set.Add(new ByHand<int>()); // so that it does not end before all are added
        long sum = 0;
        int left = Adders * Each;
        try
        {
            await TaskScope.RunAsync(async scope =>
            {
                for (int adder = 0; adder < Adders; adder++)
                {
                    int first = adder * Each;
                    scope.Spawn(async ct =>
                    {
                        var random = new Random(seed + first);
                        for (int i = 0; i < Each; i++)
                        {
                            var future = new ByHand<int>();
                            set.Add(future);
                            if (random.Next(3) > 0)
                            {
                                await Fiber.Yield();
                            }

                            future.Waker.Wake();
                            future.Complete(first + i);
                            future.Waker.Wake();
                        }
                    });
                }

                await foreach (int result in set)
                {
                    sum += result;
                    if (--left == 0)
                    {
                        break;
                    }
                }
            });
        }
        catch (Exception e)
        {
            throw new OopsException($"seed {seed}", e);
        }

        long count = Adders * Each;
        Assert.True(sum == count * (count - 1) / 2, $"seed {seed}: {sum}");
        Assert.Equal(1, set.Count);
    });

    private static Poll<(bool Any, int Result)> Next(FuturesUnordered<int> set, Waker waker = default)
    {
        var context = new Context(waker);
        return set.PollNext(ref context, out int result).TryGetValue(out bool any) ? (any, result) : Poll<(bool, int)>.Pending;
    }
}
