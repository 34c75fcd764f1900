// The tasks are looked at before they are awaited.
#pragma warning disable CA2012, xUnit1031

using Treeline.Futures;

namespace Treeline.Tests.Futures;

/// <summary>Futures that are awaited.</summary>
public sealed class FutureTaskOfTTests : TreeTest
{
    private static readonly AsyncLocal<string?> s_local = new();

    [Fact]
    public void What_is_ready_is_polled_here_and_now_and_once()
    {
        var future = new ByHand<int>();
        future.Complete(5);
        ValueTask<int> task = future.AsValueTask();
        Assert.True(task.IsCompletedSuccessfully);
        Assert.Equal((1, 1), (future.Polls, future.Drops));
        Assert.Equal(5, task.Result);
    }

    [Fact]
    public Task What_is_pending_is_polled_again_when_it_is_woken() => InTime(async () =>
    {
        var future = new ByHand<int>();
        ValueTask<int> task = future.AsValueTask();
        Assert.Equal(1, future.Polls);
        Assert.False(task.IsCompleted);
        future.Waker.Wake();
        await Until(() => future.Polls == 2);
        future.Complete(5);
        Assert.Equal(5, await task);
        Assert.Equal((3, 1), (future.Polls, future.Drops));
    });

    [Fact]
    public Task Many_wake_ups_before_a_poll_are_one_and_one_during_a_poll_is_another() => InTime(async () =>
    {
        var queue = new Queue<IThreadPoolWorkItem>();
        var executor = new ExecutorOf(work =>
        {
            lock (queue)
            {
                queue.Enqueue(work);
            }
        });
        int pollsToWakeIn = 3;
        ByHand<int> future = null!;
        future = new ByHand<int>
        {
            OnPoll = poll =>
            {
                if (poll == pollsToWakeIn)
                {
                    future.Waker.Wake();
                    future.Waker.Wake();
                }
            },
        };
        ValueTask<int> task = default;
        await TaskScope.RunAsync(
            async scope =>
            {
                ChildTask child = scope.Spawn(async _ => task = future.AsValueTask());
                RunOne();
                Assert.Equal(1, future.Polls);
                future.Waker.Wake();
                future.Waker.Wake();
                future.Waker.Wake();
                RunOne();
                AssertIdle(2);
                future.Waker.Wake();
                RunOne();
                Assert.Equal(3, future.Polls);
                RunOne();
                AssertIdle(4);
                future.Complete(1);
                RunOne();
                Assert.Equal(1, task.Result);
                AssertIdle(5);
                await child;
            },
            new ScopeOptions { Executor = executor });

        void AssertIdle(int polls)
        {
            Assert.Equal(polls, future.Polls);
            Assert.Empty(queue);
        }

        void RunOne()
        {
            IThreadPoolWorkItem work;
            lock (queue)
            {
                work = queue.Dequeue();
            }

            work.Execute();
        }
    });

    [Fact]
    public Task Polls_and_awaiters_run_on_the_executor_of_who_awaits() => InTime(async () =>
    {
        using var thread = new DedicatedThread();
        var isHome = new List<bool>();
        var future = new ByHand<int> { OnPoll = _ => isHome.Add(thread.IsCurrent) };
        await TaskScope.RunAsync(
            async scope =>
            {
                ChildTask fiber = scope.Spawn(async _ =>
                {
                    await future;
                    isHome.Add(thread.IsCurrent);
                });
                await Until(() => future.Polls == 1);
                future.Waker.Wake();
                await Until(() => future.Polls == 2);
                future.Complete(1);
                await fiber;
            },
            new ScopeOptions { Executor = thread });
        Assert.Equal([true, true, true, true], isHome);
    });

    [Fact]
    public Task Polls_see_the_context_of_who_awaits() => InTime(async () =>
    {
        var seen = new List<string?>();
        var future = new ByHand<int> { OnPoll = _ => seen.Add(s_local.Value) };
        s_local.Value = "mine";
        ValueTask<int> task = future.AsValueTask();
        s_local.Value = "later";
        await Task.Run(() => future.Complete(1));
        await task;
        Assert.Equal(["mine", "mine"], seen);
        Assert.Equal("later", s_local.Value);
    });

    [Fact]
    public Task The_tree_shows_what_is_awaited() => InTime(async () =>
    {
        var future = new ByHand<int>("a frame of the camera");
        await TaskScope.RunAsync(async scope =>
        {
            ChildTask child = scope.Spawn(async _ => await future, "viewer");
            await Until(() => Find("viewer").WaitsOn?.Contains("a frame of the camera", StringComparison.Ordinal) == true);
            future.Complete(1);
            await child;
        });
    });

    [Fact]
    public void A_token_that_is_cancelled_already_drops_it_unpolled()
    {
        var future = new ByHand<int>();
        var token = new CancellationToken(canceled: true);
        ValueTask<int> task = future.AsValueTask(token);
        Assert.True(task.IsCanceled);
        Assert.Equal((0, 1), (future.Polls, future.Drops));
    }

    [Fact]
    public Task Cancelled_it_is_dropped_before_who_awaits_goes_on() => InTime(async () =>
    {
        var future = new ByHand<int>("the thing");
        using var source = new CancellationTokenSource();
        ValueTask<int> task = future.AsValueTask(source.Token);
        await source.CancelAsync();
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            try
            {
                await task;
            }
            finally
            {
                Assert.Equal(1, future.Drops);
            }
        });
        Assert.Equal(source.Token, error.CancellationToken);
        Assert.Contains("the thing", error.Message, StringComparison.Ordinal);
        future.Complete(1);
        Assert.Equal((1, 1), (future.Polls, future.Drops));
    });

    [Fact]
    public Task As_a_task_it_is_cancelled_too() => InTime(async () =>
    {
        using var source = new CancellationTokenSource();
        Task<int> task = new ByHand<int>().AsValueTask(source.Token).AsTask();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        Assert.True(task.IsCanceled);
    });

    [Fact]
    public Task It_is_dropped_on_the_executor_of_who_awaits() => InTime(async () =>
    {
        using var thread = new DedicatedThread();
        bool isHome = false;
        var future = new ByHand<int> { OnDrop = () => isHome = thread.IsCurrent };
        using var source = new CancellationTokenSource();
        await TaskScope.RunAsync(
            async scope =>
            {
                ChildTask child = scope.Spawn(async _ =>
                {
                    await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await future.AsValueTask(source.Token));
                });
                await Until(() => future.Polls == 1);
                await source.CancelAsync();
                await child;
            },
            new ScopeOptions { Executor = thread });
        Assert.True(isHome);
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task Cancelled_during_a_poll_the_poll_decides(bool ready) => InTime(async () =>
    {
        using var source = new CancellationTokenSource();
        ByHand<int> future = null!;
        future = new ByHand<int>
        {
            OnPoll = poll =>
            {
                if (poll == 2)
                {
                    source.Cancel();
                    Assert.Equal(0, future.Drops);
                    if (ready)
                    {
                        future.Complete(5);
                    }
                }
            },
        };
        ValueTask<int> task = future.AsValueTask(source.Token);
        future.Waker.Wake();
        if (ready)
        {
            Assert.Equal(5, await task);
        }
        else
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await task);
        }

        Assert.Equal((2, 1), (future.Polls, future.Drops));
    });

    [Fact]
    public Task Cancelled_in_the_first_poll_it_is_cancelled() => InTime(async () =>
    {
        using var source = new CancellationTokenSource();
        var future = new ByHand<int> { OnPoll = _ => source.Cancel() };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await future.AsValueTask(source.Token));
        Assert.Equal((1, 1), (future.Polls, future.Drops));
    });

    [Fact]
    public Task What_a_poll_throws_is_thrown_to_who_awaits() => InTime(async () =>
    {
        var first = new ByHand<int>();
        first.Fail(new OopsException("first"));
        Assert.Equal("first", (await Assert.ThrowsAsync<OopsException>(async () => await first)).Message);
        var later = new ByHand<int>();
        ValueTask<int> task = later.AsValueTask();
        later.Fail(new OopsException("later"));
        Assert.Equal("later", (await Assert.ThrowsAsync<OopsException>(async () => await task)).Message);
        Assert.Equal((1, 1), (first.Drops, later.Drops));
    });

    [Fact]
    public Task What_dropping_throws_is_not_lost() => InTime(async () =>
    {
        var drop = new OopsException("drop");
        var ready = new ByHand<int> { OnDrop = () => throw drop };
        ready.Complete(1);
        Assert.Same(drop, await Assert.ThrowsAsync<OopsException>(async () => await ready));

        var failed = new ByHand<int> { OnDrop = () => throw drop };
        ValueTask<int> task = failed.AsValueTask();
        failed.Fail(new OopsException("poll"));
        var both = await Assert.ThrowsAsync<AggregateException>(async () => await task);
        Assert.Equal(["poll", "drop"], both.InnerExceptions.Select(static e => e.Message));

        using var source = new CancellationTokenSource();
        ValueTask<int> cancelled = new ByHand<int> { OnDrop = () => throw drop }.AsValueTask(source.Token);
        await source.CancelAsync();
        Assert.Same(drop, await Assert.ThrowsAsync<OopsException>(async () => await cancelled));
    });

    [Fact]
    public Task A_late_waker_does_not_poll_what_came_after() => InTime(async () =>
    {
        var late = new List<Waker>();
        for (int i = 0; i < 50; i++)
        {
            var future = new ByHand<int>();
            ValueTask<int> task = future.AsValueTask();
            late.ForEach(static waker => waker.Wake());
            Assert.Equal(1, future.Polls);
            late.Add(future.Waker);
            future.Complete(i);
            Assert.Equal(i, await task);
            Assert.Equal(2, future.Polls);
        }
    });

    [Fact]
    public Task An_executor_that_refuses_does_not_make_it_hang() => InTime(async () =>
    {
        bool refuses = false;
        using var thread = new DedicatedThread();
        var executor = new ExecutorOf(work =>
        {
            if (refuses)
            {
                throw new OopsException("stopped");
            }

            thread.Schedule(work);
        });
        var future = new ByHand<int>();
        ValueTask<int> task = default;
        await TaskScope.RunAsync(
            async scope => await scope.Spawn(async _ => task = future.AsValueTask()),
            new ScopeOptions { Executor = executor });
        refuses = true;
        future.Complete(1);
        Assert.Equal(1, await task);
    });

    [Fact]
    public Task One_that_always_wakes_itself_lets_others_run() => InTime(async () =>
    {
        using var thread = new DedicatedThread();
        bool stop = false;
        int polls = 0;
        await TaskScope.RunAsync(
            async scope =>
            {
                ChildTask greedy = scope.Spawn(async _ =>
                {
                    await Future.FromPoll((ref Context context) =>
                    {
                        polls++;
                        context.Waker.Wake();
                        return stop ? 1 : Poll<int>.Pending;
                    });
                });
                await scope.Spawn(async _ =>
                {
                    for (int i = 0; i < 10; i++)
                    {
                        int before = polls;
                        await Fiber.Yield();
                        Assert.True(polls - before <= 2, $"{polls - before} polls went by.");
                    }

                    stop = true;
                });
                await greedy;
            },
            new ScopeOptions { Executor = thread });
    });
}
