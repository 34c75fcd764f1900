using System.Diagnostics;

namespace Treeline.Tests.Scopes;

/// <summary><c>await child</c> and <c>AsTask</c>: before and after the end, by many, however it ends, and on which thread.</summary>
public sealed class ChildTaskTests : TreeTest
{
    private static readonly ScopeOptions s_supervise = new() { OnFailure = FailurePolicy.Supervise };

    [Fact]
    public Task As_a_task_a_cancelled_child_throws_what_ended_it_each_time() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        ChildTask child = scope.Spawn(static async ct => await TaskScope.RunAsync(static async nested => await Forever(nested.Token), name: "nested"));
        Task before = child.AsTask();
        await Task.Yield();
        scope.Cancel("enough");
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => before);
        Assert.Contains("enough", thrown.Message, StringComparison.Ordinal);
        Assert.True(before.IsCanceled);
        Assert.Same(thrown, await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await child));
        Assert.Same(thrown, await Assert.ThrowsAnyAsync<OperationCanceledException>(child.AsTask));
    }));

    [Fact]
    public Task An_awaiter_that_waits_and_one_that_comes_later_both_get_the_result() => InTime(async events =>
    {
        await TaskScope.RunAsync(async scope =>
        {
            TaskCompletionSource go = Signal();
            ChildTask<int> child = scope.Spawn(async _ =>
            {
                await go.Task;
                events.Expect(2);
                return 42;
            });
            Task<int> early = AwaitAsync(child);
            Assert.False(child.IsCompleted);
            events.Expect(1);
            go.SetResult();
            Assert.Equal(42, await early);
            Assert.True(child.IsCompleted);
            Assert.Equal(42, await child);
            Assert.Equal(42, await child.AsTask());
            Assert.Equal(NodeState.Succeeded, child.State);
        });
        events.Finish(3);
    });

    [Fact]
    public Task Many_awaiters_of_one_child_all_hear_its_result() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        TaskCompletionSource go = Signal();
        ChildTask<int> child = scope.Spawn(async _ =>
        {
            await go.Task;
            return 42;
        });
        Task<int>[] waiters = [.. Enumerable.Range(0, 1_000).Select(number => number % 2 == 0 ? AwaitAsync(child) : child.AsTask())];
        go.SetResult();
        Assert.All(await Task.WhenAll(waiters), static result => Assert.Equal(42, result));
    }));

    [Fact]
    public Task Many_awaiters_of_one_child_all_hear_its_failure() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            TaskCompletionSource go = Signal();
            var oops = new OopsException("heard");
            ChildTask<int> child = scope.Spawn<int>(async _ =>
            {
                await go.Task;
                throw oops;
            });
            Task<int>[] waiters = [.. Enumerable.Range(0, 100).Select(_ => AwaitAsync(child))];
            go.SetResult();
            foreach (Task<int> waiter in waiters)
            {
                Assert.Same(oops, await Assert.ThrowsAsync<OopsException>(() => waiter));
            }
        },
        s_supervise));

    [Fact]
    public Task Each_awaiter_sees_the_stack_of_the_failure_and_not_those_of_earlier_awaiters() =>
        InTime(() => TaskScope.RunAsync(
            async scope =>
            {
                ChildTask child = scope.Spawn(static _ => throw new OopsException("seen"));
                int first = 0;
                for (int i = 0; i < 10; i++)
                {
                    OopsException seen = await Assert.ThrowsAsync<OopsException>(async () => await child);
                    int depth = new StackTrace(seen).FrameCount;
                    first = first == 0 ? depth : first;
                    Assert.Equal(first, depth);
                }
            },
            s_supervise));

    [Fact]
    public Task Every_awaiter_of_a_cancelled_child_hears_that_it_was_cancelled() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        ChildTask<int> child = scope.Spawn<int>(async ct =>
        {
            await Forever(ct);
            return 0;
        });
        Task<int> waiting = AwaitAsync(child);
        Task<int> task = child.AsTask();
        scope.Cancel("enough");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        Assert.Equal(scope.Token, thrown.CancellationToken);
        Assert.True(task.IsCanceled);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await child);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(child.AsTask);
        Assert.Equal(NodeState.Cancelled, child.State);
    }));

    [Fact]
    public Task A_child_that_ends_normally_although_cancelled_has_succeeded() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        TaskCompletionSource started = Signal();
        ChildTask<int> child = scope.Spawn(async ct =>
        {
            started.SetResult();
            await Until(() => ct.IsCancellationRequested);
            return 42;
        });
        await started.Task;
        scope.Cancel();
        Assert.Equal(42, await child);
        Assert.Equal(NodeState.Succeeded, child.State);
    }));

    [Fact]
    public Task End_and_cancellation_at_once_give_one_or_the_other_to_everybody() => InTime(async () =>
    {
        for (int round = 0; round < 300; round++)
        {
            await TaskScope.RunAsync(async scope =>
            {
                using var barrier = new Barrier(2);
                var work = new TaskCompletionSource<int>();
                ChildTask<int> child = scope.Spawn(_ => work.Task);
                Task<int>[] waiters = [AwaitAsync(child), child.AsTask(), AwaitAsync(child)];
                await Task.WhenAll(
                    Task.Run(() =>
                    {
                        barrier.SignalAndWait();
                        work.SetResult(42);
                    }),
                    Task.Run(() =>
                    {
                        barrier.SignalAndWait();
                        scope.Cancel();
                    }));
                await ((Task)Task.WhenAll(waiters)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                bool succeeded = child.State == NodeState.Succeeded;
                Assert.True(succeeded || child.State == NodeState.Cancelled);
                Assert.All(waiters, waiter => Assert.Equal(succeeded, waiter.IsCompletedSuccessfully));
            });
        }
    });

    [Fact]
    public Task A_scope_disposed_meanwhile_gives_its_childs_awaiters_the_cancellation() => InTime(async () =>
    {
        TaskScope scope = TaskScope.Open(name: "scope");
        ChildTask<int> child = scope.Spawn<int>(async ct =>
        {
            await Forever(ct);
            return 0;
        });
        Task<int> waiting = AwaitAsync(child);
        await scope.DisposeAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await child);
        Assert.Equal("it was disposed without being joined", scope.CancelReason);
    });

    [Fact]
    public Task An_awaiter_resumes_on_its_synchronization_context() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        TaskCompletionSource go = Signal();
        ChildTask child = scope.Spawn(_ => go.Task);
        var context = new CountingContext();
        SynchronizationContext.SetSynchronizationContext(context);
        Task waiting = AwaitPlainAsync(child);
        SynchronizationContext.SetSynchronizationContext(null);
        go.SetResult();
        await waiting;
        Assert.Equal(1, context.Posted);
    }));

    [Fact]
    public Task An_awaiter_never_resumes_on_the_thread_of_another_executor() => InTime(async () =>
    {
        using var device = new DedicatedThread();
        await TaskScope.RunAsync(
            async scope =>
            {
                using var go = new ManualResetEventSlim();
                ChildTask child = scope.Spawn(_ =>
                {
                    Assert.True(device.IsCurrent);
                    go.Wait();
                    return Task.CompletedTask;
                });
                Task<bool> resumed = OnDeviceAfterAsync(child);
                Task<bool> nested = OnDeviceAfterJoinAsync(scope);
                go.Set();
                Assert.False(await resumed);
                Assert.False(await nested);
            },
            new ScopeOptions { Executor = device });

        async Task<bool> OnDeviceAfterAsync(ChildTask child)
        {
            await child;
            return device.IsCurrent;
        }

        async Task<bool> OnDeviceAfterJoinAsync(TaskScope scope)
        {
            await TaskScope.RunAsync(static inner =>
            {
                inner.Spawn(static _ => Task.CompletedTask);
                return Task.CompletedTask;
            });
            return device.IsCurrent;
        }
    });

    [Fact]
    public Task Blocking_on_a_child_throws_and_says_to_await() => InTime(() => TaskScope.RunAsync(scope =>
    {
        ChildTask<int> child = scope.Spawn<int>(async ct =>
        {
            await Forever(ct);
            return 0;
        }, "child");
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => child.GetAwaiter().GetResult());
        Assert.Contains("child' has not ended. Use await", error.Message, StringComparison.Ordinal);
        ChildTask plain = child;
        Assert.Throws<InvalidOperationException>(() => plain.GetAwaiter().GetResult());
        scope.Cancel();
        return Task.CompletedTask;
    }));

    [Fact]
    public Task A_child_says_where_it_is_and_how_it_goes() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            ChildTask child = scope.Spawn(static _ => Task.CompletedTask, "child");
            await child;
            Assert.Equal("scope/child (Succeeded)", child.ToString());
        },
        name: "scope"));

    [Fact]
    public Task The_task_of_a_child_is_one_and_the_same() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        TaskCompletionSource go = Signal();
        ChildTask child = scope.Spawn(_ => go.Task);
        Task before = child.AsTask();
        go.SetResult();
        await before;
        Assert.Same(before, child.AsTask());
    }));

    private static async Task<int> AwaitAsync(ChildTask<int> child) => await child;

    private static async Task AwaitPlainAsync(ChildTask child) => await child;

    private sealed class CountingContext : SynchronizationContext
    {
        private int _posted;

        public int Posted => _posted;

        public override void Post(SendOrPostCallback d, object? state)
        {
            Interlocked.Increment(ref _posted);
            ThreadPool.UnsafeQueueUserWorkItem(_ => d(state), null);
        }
    }
}
