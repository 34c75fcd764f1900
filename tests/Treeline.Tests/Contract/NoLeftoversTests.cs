namespace Treeline.Tests.Contract;

/// <summary>
/// Line 2 of the contract: a scope does not complete until every child has, <c>finally</c> blocks and asynchronous
/// disposal included; also when the body throws, forgets to await, or is cancelled.
/// </summary>
public class NoLeftoversTests : TreeTest
{
    [Fact]
    public Task A_cancel_scope_that_a_child_has_opened_in_the_scope_around_it_does_not_end_with_the_body() => InTime(async () =>
    {
        TaskCompletionSource open = Signal();
        TaskCompletionSource bodyHasEnded = Signal();
        CancelScope forgotten = null!;
        TaskScope scope = TaskScope.Open(name: "scope");
        ChildTask child = scope.Spawn(async _ =>
        {
            forgotten = scope.Child();
            await using CancelScope own = scope.Child();
            await using CancelScope shield = scope.Shield(TimeSpan.FromMinutes(1));
            open.SetResult();
            await bodyHasEnded.Task;
            Assert.False(own.IsCancellationRequested);
            Assert.False(shield.IsCancellationRequested);
        });
        await open.Task;
        Task join = scope.JoinAsync();
        Assert.Equal(NodeState.Joining, scope.State);
        Assert.False(forgotten.IsCancellationRequested);
        bodyHasEnded.SetResult();
        await join;
        Assert.Equal(NodeState.Cancelled, forgotten.State);
    });

    [Fact]
    public Task A_scope_waits_for_children_that_its_body_did_not_await() => InTime(async events =>
    {
        TaskCompletionSource go = Signal();
        Task run = TaskScope.RunAsync(scope =>
        {
            scope.Spawn(async _ =>
            {
                await go.Task;
                events.Expect(3);
            });
            events.Expect(1);
            return Task.CompletedTask;
        });
        Assert.False(run.IsCompleted);
        events.Expect(2);
        go.SetResult();
        await run;
        events.Finish(4);
    });

    [Fact]
    public Task A_body_that_throws_is_heard_only_after_its_children_have_cleaned_up() => InTime(async events =>
    {
        TaskCompletionSource started = Signal();
        TaskCompletionSource cleaned = Signal();
        Task run = TaskScope.RunAsync(async scope =>
        {
            scope.Spawn(async ct =>
            {
                await using var resource = new Resource(async () =>
                {
                    events.Expect(4);
                    await cleaned.Task;
                    events.Expect(5);
                });
                try
                {
                    started.SetResult();
                    await Forever(ct);
                }
                finally
                {
                    events.Expect(2);
                    await Task.Yield();
                    events.Expect(3);
                }
            });
            await started.Task;
            events.Expect(1);
            throw new OopsException("body");
        });
        _ = Task.Run(async () =>
        {
            await started.Task;
            cleaned.SetResult();
        });
        await Assert.ThrowsAsync<OopsException>(() => run);
        events.Finish(6);
    });

    [Fact]
    public Task A_scope_cancelled_from_outside_waits_for_the_cleanup_of_its_children() => InTime(async events =>
    {
        using var outer = new CancellationTokenSource();
        TaskCompletionSource started = Signal();
        TaskCompletionSource mayEnd = Signal();
        Task run = TaskScope.RunAsync(
            async scope =>
            {
                scope.Spawn(async ct =>
                {
                    try
                    {
                        started.SetResult();
                        await Forever(ct);
                    }
                    finally
                    {
                        await mayEnd.Task;
                        events.Expect(3);
                    }
                });
                await Forever(scope.Token);
            },
            outer.Token);
        await started.Task;
        events.Expect(1);
        await outer.CancelAsync();
        Assert.False(run.IsCompleted);
        events.Expect(2);
        mayEnd.SetResult();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        events.Finish(4);
    });

    [Fact]
    public Task A_child_that_ignores_cancellation_is_waited_for_all_the_same() => InTime(async events =>
    {
        TaskCompletionSource go = Signal();
        Task run = TaskScope.RunAsync(async scope =>
        {
            TaskCompletionSource started = Signal();
            scope.Spawn(async _ =>
            {
                started.SetResult();
                await go.Task;
                events.Expect(2);
            });
            await started.Task;
            scope.Cancel();
        });
        events.Expect(1);
        Assert.False(run.IsCompleted);
        go.SetResult();
        await run;
        events.Finish(3);
    });

    [Fact]
    public Task A_sibling_may_spawn_after_the_body_has_returned_and_is_waited_for_too() => InTime(async events =>
    {
        TaskCompletionSource bodyReturned = Signal();
        TaskCompletionSource go = Signal();
        Task run = TaskScope.RunAsync(scope =>
        {
            scope.Spawn(async _ =>
            {
                await bodyReturned.Task;
                events.Expect(1);
                scope.Spawn(async _ =>
                {
                    await go.Task;
                    events.Expect(2);
                });
            });
            return Task.CompletedTask;
        });
        bodyReturned.SetResult();
        go.SetResult();
        await run;
        events.Finish(3);
    });

    [Fact]
    public Task Each_child_spawning_the_next_keeps_the_scope_open_to_the_last() => InTime(async () =>
    {
        int count = 0;
        await TaskScope.RunAsync(scope =>
        {
            Next();
            return Task.CompletedTask;

            void Next() => scope.Spawn(_ =>
            {
                if (++count < 1_000)
                {
                    Next();
                }

                return Task.CompletedTask;
            });
        });
        Assert.Equal(1_000, count);
    });

    [Fact]
    public Task A_child_waits_for_a_scope_that_it_forgot_to_await() => InTime(async events =>
    {
        TaskCompletionSource go = Signal();
        await TaskScope.RunAsync(async scope =>
        {
            ChildTask<int> child = scope.Spawn(ct =>
            {
                _ = TaskScope.RunAsync(async _ =>
                {
                    await go.Task;
                    events.Expect(3);
                });
                events.Expect(1);
                return Task.FromResult(42);
            });
            await Until(() => child.State == NodeState.Joining);
            Assert.False(child.IsCompleted);
            events.Expect(2);
            go.SetResult();
            Assert.Equal(42, await child);
            events.Finish(4);
        });
    });

    [Fact]
    public Task A_body_waits_for_a_scope_that_it_forgot_to_await() => InTime(async events =>
    {
        TaskCompletionSource go = Signal();
        Task run = TaskScope.RunAsync(outer =>
        {
            _ = TaskScope.RunAsync(async _ =>
            {
                await go.Task;
                events.Expect(2);
            });
            return Task.CompletedTask;
        });
        events.Expect(1);
        Assert.False(run.IsCompleted);
        go.SetResult();
        await run;
        events.Finish(3);
    });

    [Fact]
    public Task The_failure_of_a_forgotten_scope_after_the_childs_own_code_surfaces_from_the_child() =>
        InTime(async events =>
        {
            TaskCompletionSource go = Signal();
            OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(async scope =>
            {
                ChildTask<int> child = scope.Spawn(ct =>
                {
                    _ = TaskScope.RunAsync(async _ =>
                    {
                        await go.Task;
                        throw new OopsException("forgotten");
                    });
                    return Task.FromResult(42);
                });
                await Until(() => child.State == NodeState.Joining);
                events.Expect(1);
                go.SetResult();
                await Assert.ThrowsAsync<OopsException>(async () => await child);
                Assert.Equal(NodeState.Failed, child.State);
                events.Expect(2);
            }));
            Assert.Equal("forgotten", thrown.Message);
            events.Finish(3);
        });

    [Fact]
    public Task The_failure_of_a_forgotten_scope_after_the_body_has_returned_surfaces_from_the_scope() =>
        InTime(async () =>
        {
            TaskCompletionSource go = Signal();
            Task<int> run = TaskScope.RunAsync(scope =>
            {
                _ = TaskScope.RunAsync(async _ =>
                {
                    await go.Task;
                    throw new OopsException("forgotten");
                });
                return Task.FromResult(42);
            });
            go.SetResult();
            Assert.Equal("forgotten", (await Assert.ThrowsAsync<OopsException>(() => run)).Message);
        });

    [Fact]
    public Task An_open_scope_nobody_disposes_is_cancelled_and_closed_with_the_body_that_opened_it() =>
        InTime(async events =>
        {
            TaskScope? forgotten = null;
            TaskCompletionSource started = Signal();
            await TaskScope.RunAsync(async owner =>
            {
                forgotten = TaskScope.Open(name: "forgotten");
                forgotten.Spawn(async ct =>
                {
                    try
                    {
                        started.SetResult();
                        await Forever(ct);
                    }
                    finally
                    {
                        events.Expect(2);
                    }
                });
                await started.Task;
                events.Expect(1);
            }, name: "owner");
            events.Finish(3);
            Assert.Equal(NodeState.Cancelled, forgotten!.State);
            Assert.Equal("'owner' ended without closing 'forgotten'", forgotten.CancelReason);
        });

    [Fact]
    public Task An_open_scope_nobody_disposes_is_cancelled_and_closed_with_the_child_that_opened_it() =>
        InTime(() => TaskScope.RunAsync(async scope =>
        {
            TaskScope? forgotten = null;
            ChildTask grandchild = default;
            await scope.Spawn(_ =>
            {
                forgotten = TaskScope.Open();
                grandchild = forgotten.Spawn(Forever);
                return Task.CompletedTask;
            });
            Assert.Equal(NodeState.Cancelled, grandchild.State);
            Assert.False(scope.IsCancellationRequested);
        }));

    [Fact]
    public Task A_scope_opened_by_nobody_in_particular_and_never_disposed_ends_when_only_such_are_left() =>
        InTime(async events =>
        {
            TaskCompletionSource bodyReturned = Signal();
            CancelScope? late = null;
            Task run = TaskScope.RunAsync(scope =>
            {
                scope.Spawn(async _ =>
                {
                    await bodyReturned.Task;

                    // The scope's own work has ended, so its end does not sweep this one away.
                    late = scope.Child();
                    late.Child();
                    await Task.Yield();
                    Assert.False(late.IsCancellationRequested);
                    events.Expect(1);
                });
                return Task.CompletedTask;
            });
            bodyReturned.SetResult();
            await run;
            Assert.True(late!.IsCancellationRequested);
            events.Finish(2);
        });

    [Fact]
    public Task Disposing_an_open_scope_cancels_its_children_and_waits_for_their_cleanup() => InTime(async events =>
    {
        TaskCompletionSource started = Signal();
        await using (TaskScope scope = TaskScope.Open())
        {
            scope.Spawn(async ct =>
            {
                try
                {
                    started.SetResult();
                    await Forever(ct);
                }
                finally
                {
                    events.Expect(2);
                    await Task.Yield();
                    events.Expect(3);
                }
            });
            await started.Task;
            events.Expect(1);
        }

        events.Finish(4);
    });

    [Fact]
    public Task Grandchildren_end_before_their_grandparent_however_they_end() => InTime(async events =>
    {
        TaskCompletionSource failing = Signal();
        await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(async top =>
        {
            top.Spawn(async _ => await TaskScope.RunAsync(async middle =>
            {
                middle.Spawn(async ct =>
                {
                    try
                    {
                        failing.SetResult();
                        await Forever(ct);
                    }
                    finally
                    {
                        await Task.Yield();
                        events.Expect(2);
                    }
                });
                await Forever(middle.Token);
            }));
            await failing.Task;
            events.Expect(1);
            throw new OopsException("top");
        }));
        events.Finish(3);
    });

    [Fact]
    public virtual Task Whoever_has_awaited_a_child_does_not_find_it_in_the_tree() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        for (int i = 0; i < 2_000; i++)
        {
            ChildTask child = scope.Spawn(static _ => Task.CompletedTask);
            SpinWait.SpinUntil(() => child.IsCompleted);
            await child;
            Assert.Empty(Find(scope.Name).Children);
        }
    }, name: "awaited"));

    private sealed class Resource(Func<Task> dispose) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await dispose();
    }
}
