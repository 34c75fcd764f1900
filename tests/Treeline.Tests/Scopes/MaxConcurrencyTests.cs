using System.Collections.Concurrent;

namespace Treeline.Tests.Scopes;

/// <summary>No more children run at a time than the scope allows, and the others get their turn in order.</summary>
public sealed class MaxConcurrencyTests : TreeTest
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public Task No_more_run_at_a_time_and_all_do(int limit) => InTime(async () =>
    {
        int running = 0;
        int most = 0;
        int done = 0;
        await TaskScope.RunAsync(
            scope =>
            {
                for (int i = 0; i < 1_000; i++)
                {
                    scope.Spawn(async _ =>
                    {
                        int now = Interlocked.Increment(ref running);
                        InterlockedMax(ref most, now);
                        await Fiber.Yield();
                        Interlocked.Decrement(ref running);
                        Interlocked.Increment(ref done);
                    });
                }

                return Task.CompletedTask;
            },
            new ScopeOptions { MaxConcurrency = limit });
        Assert.Equal(1_000, done);
        Assert.InRange(most, 1, limit);
    });

    [Fact]
    public Task Places_are_given_in_the_order_of_spawning() => InTime(async () =>
    {
        var order = new ConcurrentQueue<int>();
        await TaskScope.RunAsync(
            scope =>
            {
                for (int i = 0; i < 100; i++)
                {
                    int number = i;
                    scope.Spawn(async _ =>
                    {
                        order.Enqueue(number);
                        await Task.Yield();
                    });
                }

                return Task.CompletedTask;
            },
            new ScopeOptions { MaxConcurrency = 1 });
        Assert.Equal(Enumerable.Range(0, 100), order);
    });

    [Fact]
    public Task A_failure_or_a_nested_scope_gives_its_place_back_when_it_is_over() => InTime(async () =>
    {
        TaskCompletionSource release = Signal();
        await TaskScope.RunAsync(
            async scope =>
            {
                ChildTask failing = scope.Spawn(static _ => throw new OopsException("failing"));
                ChildTask holding = scope.Spawn(async _ =>
                {
                    // Left open: it ends with the child, whose place is not free before.
                    ChildTask deaf = TaskScope.Open(name: "nested").Spawn(_ => release.Task);
                    await Until(() => deaf.State == NodeState.Running);
                });
                await Assert.ThrowsAsync<OopsException>(async () => await failing);
                await Until(() => holding.State is NodeState.Joining);
                ChildTask next = scope.Spawn(static async _ => await Task.Yield());
                Assert.Equal(NodeState.Pending, next.State);
                release.SetResult();
                await next;
            },
            new ScopeOptions { MaxConcurrency = 1, OnFailure = FailurePolicy.Supervise });
    });

    [Fact]
    public Task Those_who_wait_when_the_scope_is_cancelled_never_start_though_the_running_one_is_deaf() => InTime(async () =>
    {
        TaskCompletionSource release = Signal();
        bool started = false;
        await TaskScope.RunAsync(
            async scope =>
            {
                ChildTask deaf = scope.Spawn(_ => release.Task);
                var waiting = new List<ChildTask>();
                for (int i = 0; i < 20_000; i++)
                {
                    waiting.Add(scope.Spawn(async _ =>
                    {
                        started = true;
                        await Task.Yield();
                    }));
                }

                scope.Cancel();
                Assert.All(waiting, static child => Assert.Equal(NodeState.Cancelled, child.State));
                ChildTask late = scope.Spawn(static _ => Task.CompletedTask);
                Assert.Equal(NodeState.Cancelled, late.State);
                Assert.False(deaf.IsCompleted);
                release.SetResult();
                await deaf;
            },
            new ScopeOptions { MaxConcurrency = 1 });
        Assert.False(started);
    });

    [Fact]
    public Task A_long_queue_behind_a_child_that_ends_after_the_cancellation_does_not_overflow_the_stack() => InTime(async () =>
    {
        for (int round = 0; round < 20; round++)
        {
            TaskCompletionSource release = Signal();
            await TaskScope.RunAsync(
                async scope =>
                {
                    scope.Spawn(_ => release.Task);
                    for (int i = 0; i < 5_000; i++)
                    {
                        scope.Spawn(static _ => Task.CompletedTask);
                    }

                    Task cancel = Task.Run(() => scope.Cancel());
                    release.SetResult();
                    await cancel;
                },
                new ScopeOptions { MaxConcurrency = 1 });
        }
    });

    private static void InterlockedMax(ref int most, int now)
    {
        int seen = Volatile.Read(ref most);
        while (now > seen)
        {
            int before = Interlocked.CompareExchange(ref most, now, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }
}
