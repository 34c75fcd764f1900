using System.Runtime.CompilerServices;

namespace Treeline.Tests.Contract;

/// <summary>
/// Line 3 of the contract: cancelling a node cancels its subtree, never its parent or siblings; it is idempotent and
/// thread-safe. A child spawned after cancellation never starts. Closing detaches.
/// </summary>
public class CancellationIsATreeTests : TreeTest
{
    [Fact]
    public Task Cancelling_a_node_cancels_all_below_it_and_nothing_else() => InTime(async () =>
    {
        await using CancelScope top = CancelScope.Open();
        CancelScope left = top.Child();
        CancelScope right = top.Child();
        CancelScope below = left.Child();
        CancelScope deeper = below.Child();
        left.Cancel("left only");

        Assert.All([left, below, deeper], static scope =>
        {
            Assert.True(scope.IsCancellationRequested);
            Assert.True(scope.Token.IsCancellationRequested);
            Assert.Equal("left only", scope.CancelReason);
        });
        Assert.All([top, right], static scope =>
        {
            Assert.False(scope.IsCancellationRequested);
            Assert.False(scope.Token.IsCancellationRequested);
            Assert.Null(scope.CancelReason);
        });
    });

    [Fact]
    public Task A_scope_nested_in_a_child_is_cancelled_with_it_though_no_token_was_handed_down() => InTime(async events =>
    {
        TaskCompletionSource nested = Signal();
        await TaskScope.RunAsync(async outer =>
        {
            ChildTask child = outer.Spawn(async _ =>
            {
                events.Expect(1);
                await TaskScope.RunAsync(async inner =>
                {
                    ChildTask grandchild = inner.Spawn(Forever);
                    await Until(() => grandchild.State == NodeState.Running);
                    nested.SetResult();
                    await grandchild;
                });
            });
            await nested.Task;
            events.Expect(2);
            outer.Cancel();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await child);
            Assert.Equal(NodeState.Cancelled, child.State);
        });
        events.Finish(3);
    });

    [Fact]
    public Task A_scope_nested_in_a_body_can_be_cancelled_alone() => InTime(() => TaskScope.RunAsync(async outer =>
    {
        ChildTask sibling = outer.Spawn(Forever);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => TaskScope.RunAsync(async inner =>
        {
            inner.Cancel();
            await Forever(inner.Token);
        }));
        Assert.False(outer.IsCancellationRequested);
        Assert.False(sibling.IsCompleted);
        outer.Cancel();
    }));

    [Fact]
    public Task The_first_reason_stays() => InTime(async () =>
    {
        await using CancelScope top = CancelScope.Open();
        CancelScope below = top.Child();
        below.Cancel("first");
        below.Cancel("second");
        top.Cancel("third");
        Assert.Equal("first", below.CancelReason);
        Assert.Equal("third", top.CancelReason);
    });

    [Fact]
    public Task Without_a_reason_the_reason_says_who_was_cancelled() => InTime(async () =>
    {
        await using CancelScope top = CancelScope.Open(name: "top");
        CancelScope below = top.Child("below");
        top.Cancel();
        Assert.Equal("Cancel was called on 'top'", below.CancelReason);
    });

    [Fact]
    public Task When_many_threads_cancel_at_once_each_callback_runs_once_and_all_nodes_have_one_reason() => InTime(async () =>
    {
        for (int round = 0; round < 200; round++)
        {
            await using CancelScope top = CancelScope.Open();
            CancelScope[] below = [.. Enumerable.Range(0, 5).Select(_ => top.Child())];
            int callbacks = 0;
            foreach (CancelScope scope in below)
            {
                scope.Token.Register(() => Interlocked.Increment(ref callbacks));
            }

            using var barrier = new Barrier(3);
            await Task.WhenAll(Enumerable.Range(0, 3).Select(number => Task.Run(() =>
            {
                barrier.SignalAndWait();
                top.Cancel($"by {number}");
            })));
            Assert.Equal(5, callbacks);
            Assert.All(below, scope => Assert.Equal(top.CancelReason, scope.CancelReason));
        }
    });

    [Fact]
    public Task A_child_spawned_after_cancellation_never_starts_and_is_cancelled_at_once() => InTime(async () =>
    {
        bool ran = false;
        ChildTask late = default;
        await TaskScope.RunAsync(
            async scope =>
            {
                scope.Cancel("enough");
                late = scope.Spawn(
                    _ =>
                    {
                        ran = true;
                        return Task.CompletedTask;
                    },
                    "late");
                Assert.True(late.IsCompleted);
                Assert.Equal(NodeState.Cancelled, late.State);
                OperationCanceledException thrown =
                    await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await late);
                Assert.Equal("'scope/late' did not start: enough.", thrown.Message);
                Assert.Equal(scope.Token, thrown.CancellationToken);
            },
            name: "scope");
        Assert.False(ran);
    });

    [Fact]
    public Task A_child_cancelled_between_its_spawn_and_its_start_never_starts() => InTime(async () =>
    {
        IThreadPoolWorkItem? queued = null;
        bool ran = false;
        ChildTask child = default;
        await TaskScope.RunAsync(
            scope =>
            {
                child = scope.Spawn(_ =>
                {
                    ran = true;
                    return Task.CompletedTask;
                });
                Assert.Equal(NodeState.Pending, child.State);
                scope.Cancel();
                Assert.False(child.IsCompleted);
                queued!.Execute();
                Assert.True(child.IsCompleted);
                return Task.CompletedTask;
            },
            new ScopeOptions { Executor = new ExecutorOf(work => queued = work) });
        Assert.False(ran);
        Assert.Equal(NodeState.Cancelled, child.State);
    });

    [Fact]
    public Task A_scope_born_cancelled_does_not_run_its_body() => InTime(async () =>
    {
        bool ran = false;
        using var outer = new CancellationTokenSource();
        await outer.CancelAsync();
        OperationCanceledException byToken = await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => TaskScope.RunAsync(_ => Note(), outer.Token));
        Assert.Equal(outer.Token, byToken.CancellationToken);

        await TaskScope.RunAsync(async scope =>
        {
            scope.Cancel("enough");
            OperationCanceledException byParent = await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => TaskScope.RunAsync(_ => Note(), name: "nested"));
            Assert.Equal(scope.Token, byParent.CancellationToken);
            Assert.EndsWith("nested' was cancelled: enough.", byParent.Message, StringComparison.Ordinal);
            await using TaskScope open = TaskScope.Open();
            Assert.True(open.IsCancellationRequested);
            await using CancelScope cancel = CancelScope.Open();
            Assert.True(cancel.Token.IsCancellationRequested);
            Assert.Equal("enough", cancel.CancelReason);
        });
        Assert.False(ran);

        Task Note()
        {
            ran = true;
            return Task.CompletedTask;
        }
    });

    [Fact]
    public Task A_token_is_cancelled_whether_it_was_made_before_or_after_the_cancellation() => InTime(async () =>
    {
        await using CancelScope top = CancelScope.Open();
        CancelScope below = top.Child();
        CancellationToken before = below.Token;
        Assert.False(before.IsCancellationRequested);
        top.Cancel();
        Assert.True(before.IsCancellationRequested);
        Assert.Equal(before, below.Token);
        CancelScope late = top.Child();
        Assert.True(late.Token.IsCancellationRequested);
    });

    [Fact]
    public Task A_callback_sees_the_whole_subtree_cancelled_those_below_and_those_beside() => InTime(async () =>
    {
        await using CancelScope top = CancelScope.Open();
        CancelScope[] below = [top.Child(), top.Child(), top.Child()];
        CancelScope[] all = [top, .. below, .. below.Select(static scope => scope.Child())];
        int seen = 0;
        foreach (CancelScope scope in all)
        {
            scope.Token.Register(() => seen += all.Count(static other => other.IsCancellationRequested));
        }

        top.Cancel();
        Assert.Equal(all.Length * all.Length, seen);
    });

    [Fact]
    public Task Callbacks_of_parents_run_before_those_of_their_children() => InTime(async events =>
    {
        await using CancelScope top = CancelScope.Open();
        CancelScope middle = top.Child();
        CancelScope leaf = middle.Child();
        leaf.Token.Register(() => events.Expect(3));
        middle.Token.Register(() => events.Expect(2));
        top.Token.Register(() => events.Expect(1));
        top.Cancel();
        events.Finish(4);
    });

    [Fact]
    public Task A_callback_may_cancel_again_spawn_and_open_scopes() => InTime(async () =>
    {
        ChildTask spawned = default;
        await TaskScope.RunAsync(scope =>
        {
            scope.Token.Register(() =>
            {
                scope.Cancel("again");
                spawned = scope.Spawn(Forever);
                Assert.True(scope.Child().IsCancellationRequested);
            });
            scope.Cancel("first");
            Assert.Equal("first", scope.CancelReason);
            return Task.CompletedTask;
        });
        Assert.Equal(NodeState.Cancelled, spawned.State);
    });

    [Fact]
    public Task What_callbacks_throw_reaches_whoever_called_Cancel_after_all_of_them_ran() => InTime(async () =>
    {
        await using CancelScope top = CancelScope.Open(name: "top");
        CancelScope below = top.Child();
        var first = new OopsException("first");
        var second = new OopsException("second");
        bool last = false;
        top.Token.Register(() => throw first);
        below.Token.Register(() => throw second);
        below.Child().Token.Register(() => last = true);
        AggregateException thrown = Assert.Throws<AggregateException>(() => top.Cancel());
        Assert.Equal([first, second], thrown.InnerExceptions);
        Assert.Contains("'top' was cancelled, and callbacks", thrown.Message, StringComparison.Ordinal);
        Assert.True(last);
    });

    [Fact]
    public Task What_callbacks_throw_reaches_whoever_cancelled_the_outer_token() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        var oops = new OopsException("callback");
        await using TaskScope scope = TaskScope.Open(outer.Token);
        scope.Token.Register(() => throw oops);
        AggregateException thrown = Assert.Throws<AggregateException>(outer.Cancel);
        Assert.Contains(oops, thrown.Flatten().InnerExceptions);
    });

    [Fact]
    public Task What_callbacks_throw_when_a_failure_cancels_surfaces_after_that_failure() => InTime(async () =>
    {
        var callback = new OopsException("callback");
        var failure = new OopsException("failure");
        ScopeException thrown = await Assert.ThrowsAsync<ScopeException>(() => TaskScope.RunAsync(
            scope =>
            {
                scope.Token.Register(() => throw callback);
                scope.Spawn(_ => throw failure, "child");
                return Task.CompletedTask;
            },
            name: "scope"));
        Assert.Same(failure, thrown.Failures[0].Exception);
        Assert.Equal("scope/child", thrown.Failures[0].Path);
        Assert.Same(callback, Assert.Single(Assert.IsType<AggregateException>(thrown.Failures[1].Exception).InnerExceptions));
        Assert.Equal("scope", thrown.Failures[1].Path);
    });

    [Fact]
    public virtual Task What_callbacks_throw_when_the_deadline_fires_surfaces_though_the_children_end_first() => InTime(async () =>
    {
        var clock = new ManualTimeProvider();
        var callback = new OopsException("callback");
        ChildTask child = default;
        Task run = TaskScope.RunAsync(
            async scope =>
            {
                TaskCompletionSource cut = Signal();
                child = scope.Spawn(_ => cut.Task);
                scope.Token.Register(() =>
                {
                    cut.SetCanceled(scope.Token);
                    SpinWait.SpinUntil(() => child.IsCompleted);
                    throw callback;
                });
                await child;
            },
            new ScopeOptions { Timeout = TimeSpan.FromSeconds(1), TimeProvider = clock });
        await Until(() => child.State == NodeState.Running);
        clock.Advance(TimeSpan.FromSeconds(1));
        ScopeException thrown = await Assert.ThrowsAsync<ScopeException>(() => run);
        Assert.IsType<TimeoutException>(thrown.Failures[0].Exception);
        Assert.Same(callback, Assert.IsType<AggregateException>(thrown.Failures[1].Exception).InnerException);
    });

    [Fact]
    public Task What_callbacks_throw_when_a_disposal_cancels_scopes_below_reaches_whoever_disposes() => InTime(async () =>
    {
        CancelScope top = CancelScope.Open();
        var oops = new OopsException("callback");
        top.Child().Token.Register(() => throw oops);
        AggregateException thrown = await Assert.ThrowsAsync<AggregateException>(async () => await top.DisposeAsync());
        Assert.Same(oops, thrown.InnerException);
        await top.DisposeAsync();
    });

    [Fact]
    public Task What_callbacks_throw_when_the_owner_ends_surfaces_from_the_owner() => InTime(async () =>
    {
        var oops = new OopsException("callback");
        AggregateException thrown = await Assert.ThrowsAsync<AggregateException>(() => TaskScope.RunAsync(scope =>
        {
            scope.Spawn(_ =>
            {
                CancelScope.Open().Token.Register(() => throw oops);
                return Task.CompletedTask;
            });
            return Task.CompletedTask;
        }));
        Assert.Same(oops, thrown.InnerException);
    });

    [Fact]
    public Task Closing_a_cancel_scope_detaches_it_without_cancelling_its_token() => InTime(async () =>
    {
        await using CancelScope top = CancelScope.Open(name: "top");
        for (int i = 0; i < 1_000; i++)
        {
            await using CancelScope below = top.Child();
            Assert.Single(Find("top").Children);
        }

        Assert.Empty(Find("top").Children);
        CancelScope closed = top.Child();
        CancellationToken token = closed.Token;
        await closed.DisposeAsync();
        await closed.DisposeAsync();
        top.Cancel();
        Assert.False(token.IsCancellationRequested);
        Assert.Equal(NodeState.Succeeded, closed.State);
    });

    [Fact]
    public Task Closing_a_cancel_scope_cancels_and_closes_those_left_open_below_it() => InTime(async () =>
    {
        CancelScope top = CancelScope.Open();
        CancelScope below = top.Child();
        CancelScope deeper = below.Child();
        await top.DisposeAsync();
        Assert.Equal(NodeState.Succeeded, top.State);
        Assert.All([below, deeper], static scope => Assert.Equal(NodeState.Cancelled, scope.State));
        Assert.Throws<InvalidOperationException>(() => deeper.Child());
    });

    [Fact]
    public Task A_closed_scope_is_kept_alive_neither_by_its_parent_nor_by_the_outer_token() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        await using CancelScope parent = CancelScope.Open();
        WeakReference[] closed = await Close(parent, outer.Token);
        for (int i = 0; i < 10 && closed.Any(static reference => reference.IsAlive); i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Task.Yield(); // off the stack on which the scopes were closed
        }

        Assert.DoesNotContain(closed, static reference => reference.IsAlive);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static Task<WeakReference[]> Close(CancelScope parent, CancellationToken outer) => Task.Run(async () =>
        {
            CancelScope child = parent.Child();
            CancelScope cancel = CancelScope.Open(outer);
            TaskScope open = TaskScope.Open(outer);
            WeakReference run = null!;
            await TaskScope.RunAsync(
                async scope =>
                {
                    run = new WeakReference(scope);
                    await scope.Spawn(static _ => Task.CompletedTask);
                },
                outer);
            await child.DisposeAsync();
            await cancel.DisposeAsync();
            await open.DisposeAsync();
            return new[] { new WeakReference(child), new WeakReference(cancel), new WeakReference(open), run };
        });
    });

    [Fact]
    public Task Scopes_that_come_and_go_do_not_grow_the_outer_source() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        for (int i = 0; i < 1_000; i++)
        {
            await TaskScope.RunAsync(static async scope => await scope.Spawn(static _ => Task.CompletedTask), outer.Token);
        }

        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < 20_000; i++)
        {
            await TaskScope.RunAsync(static async scope => await scope.Spawn(static _ => Task.CompletedTask), outer.Token);
        }

        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.True(grown < 200_000, $"{grown} bytes stayed behind 20,000 scopes.");
    });

    [Fact]
    public Task The_token_of_a_scope_above_may_be_handed_down_as_well() => InTime(() => TaskScope.RunAsync(async outer =>
    {
        TaskCompletionSource inside = Signal();
        ChildTask child = outer.Spawn(async ct => await TaskScope.RunAsync(
            async inner =>
            {
                inside.SetResult();
                await Forever(inner.Token);
            },
            ct));
        await inside.Task;
        outer.Cancel("enough");
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await child);
        Assert.Equal(outer.Token, thrown.CancellationToken);
        Assert.EndsWith(": enough.", thrown.Message, StringComparison.Ordinal);
    }));
}
