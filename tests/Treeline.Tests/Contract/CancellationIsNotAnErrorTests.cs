namespace Treeline.Tests.Contract;

/// <summary>
/// Line 5 of the contract: an <see cref="OperationCanceledException"/> counts as cancellation only where the node really
/// is cancelled; otherwise it is a failure. Cancellation from outside surfaces with the outer token and the reason.
/// </summary>
public class CancellationIsNotAnErrorTests : TreeTest
{
    [Fact]
    public Task A_childs_cancellation_of_something_else_is_a_failure_and_cancels_the_siblings() => InTime(async events =>
    {
        var timeout = new TaskCanceledException("The request was canceled due to the configured HttpClient.Timeout.");
        ChildTask failing = default;
        ChildTask sibling = default;
        TaskCompletionSource started = Signal();
        TaskCanceledException thrown = await Assert.ThrowsAsync<TaskCanceledException>(() => TaskScope.RunAsync(async scope =>
        {
            sibling = scope.Spawn(async ct =>
            {
                try
                {
                    started.SetResult();
                    await Forever(ct);
                }
                catch (OperationCanceledException)
                {
                    events.Expect(2);
                    throw;
                }
            });
            await started.Task;
            events.Expect(1);
            failing = scope.Spawn(_ => Task.FromException(timeout));
        }));
        Assert.Same(timeout, thrown);
        Assert.Equal(NodeState.Failed, failing.State);
        Assert.Equal(NodeState.Cancelled, sibling.State);
        events.Finish(3);
    });

    [Fact]
    public Task A_child_that_awaits_a_foreign_cancelled_task_has_failed() => InTime(async () =>
    {
        ChildTask child = default;
        await Assert.ThrowsAsync<TaskCanceledException>(() => TaskScope.RunAsync(scope =>
        {
            child = scope.Spawn(static _ => Task.FromCanceled(new CancellationToken(canceled: true)));
            return Task.CompletedTask;
        }));
        Assert.Equal(NodeState.Failed, child.State);
    });

    [Fact]
    public Task A_foreign_cancellation_thrown_synchronously_is_a_failure() => InTime(async () =>
    {
        var foreign = new OperationCanceledException("foreign");
        OperationCanceledException thrown = await Assert.ThrowsAsync<OperationCanceledException>(() =>
            TaskScope.RunAsync(async scope => await scope.Spawn(_ => throw foreign)));
        Assert.Same(foreign, thrown);
    });

    [Fact]
    public Task A_bodys_cancellation_of_something_else_is_a_failure() => InTime(async () =>
    {
        TaskScope scope = null!;
        var foreign = new TaskCanceledException("foreign");
        TaskCanceledException thrown = await Assert.ThrowsAsync<TaskCanceledException>(() => TaskScope.RunAsync(async body =>
        {
            scope = body;
            await Task.Yield();
            throw foreign;
        }));
        Assert.Same(foreign, thrown);
        Assert.Equal(NodeState.Failed, scope.State);
    });

    [Fact]
    public Task Cancellation_from_outside_surfaces_with_the_outer_token_and_the_reason() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        TaskScope scope = null!;
        Task run = TaskScope.RunAsync(
            async body =>
            {
                scope = body;
                await Forever(body.Token);
            },
            outer.Token,
            name: "cut");
        await outer.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(outer.Token, thrown.CancellationToken);
        Assert.Equal("'cut' was cancelled: the token given to 'cut' was cancelled.", thrown.Message);
        Assert.Equal(NodeState.Cancelled, scope.State);
        Assert.True(run.IsCanceled);
    });

    [Fact]
    public Task Cancellation_of_a_child_from_outside_surfaces_although_the_body_returned() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        Task run = TaskScope.RunAsync(
            scope =>
            {
                scope.Spawn(Forever);
                return Task.CompletedTask;
            },
            outer.Token);
        await outer.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(outer.Token, thrown.CancellationToken);
    });

    [Fact]
    public Task A_nested_scope_cut_by_its_ancestor_surfaces_with_the_ancestors_token_and_reason() => InTime(async () =>
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => TaskScope.RunAsync(async outer =>
        {
            TaskCompletionSource started = Signal();
            ChildTask child = outer.Spawn(async _ =>
            {
                OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
                    TaskScope.RunAsync(
                        async inner =>
                        {
                            started.SetResult();
                            await Forever(inner.Token);
                        },
                        name: "inner"));
                Assert.Equal(outer.Token, thrown.CancellationToken);
                Assert.Equal("'outer/child/inner' was cancelled: enough.", thrown.Message);
                throw thrown;
            }, "child");
            await started.Task;
            outer.Cancel("enough");
            await child;
        }, name: "outer"));
    });

    [Fact]
    public Task Work_that_did_end_counts_though_cancellation_came_late() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        int result = await TaskScope.RunAsync(
            async scope =>
            {
                int answer = await scope.Spawn(static _ => Task.FromResult(42));
                await outer.CancelAsync();
                return answer;
            },
            outer.Token);
        Assert.Equal(42, result);
    });

    [Fact]
    public Task A_scope_that_cancels_its_own_children_ends_normally() => InTime(async () =>
    {
        ChildTask child = default;
        int result = await TaskScope.RunAsync(async scope =>
        {
            child = scope.Spawn(Forever);
            await Task.Yield();
            scope.Cancel("have what I need");
            return 42;
        });
        Assert.Equal(42, result);
        Assert.Equal(NodeState.Cancelled, child.State);
    });

    [Fact]
    public Task A_body_that_lets_its_own_cancellation_through_is_cancelled_with_its_reason() => InTime(async () =>
    {
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => TaskScope.RunAsync(
            async scope =>
            {
                scope.Cancel("changed my mind");
                await Forever(scope.Token);
            },
            name: "mine"));
        Assert.Equal("'mine' was cancelled: changed my mind.", thrown.Message);
    });

    [Fact]
    public Task A_failure_during_cancellation_is_still_a_failure() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        ChildTask child = default;
        TaskCompletionSource started = Signal();
        Task run = TaskScope.RunAsync(
            async scope =>
            {
                child = scope.Spawn(async ct =>
                {
                    try
                    {
                        started.SetResult();
                        await Forever(ct);
                    }
                    catch (OperationCanceledException)
                    {
                        throw new OopsException("cleanup");
                    }
                });
                await Forever(scope.Token);
            },
            outer.Token);
        await started.Task;
        await outer.CancelAsync();
        Assert.Equal("cleanup", (await Assert.ThrowsAsync<OopsException>(() => run)).Message);
        Assert.Equal(NodeState.Failed, child.State);
    });

    [Fact]
    public Task A_faulted_task_that_carries_a_cancellation_counts_as_cancellation_if_the_scope_is_cancelled() =>
        InTime(async () =>
        {
            ChildTask child = default;
            await TaskScope.RunAsync(async scope =>
            {
                var completion = new TaskCompletionSource();
                child = scope.Spawn(_ => completion.Task);
                await Until(() => child.State == NodeState.Running);
                scope.Cancel();
                completion.SetException(new OperationCanceledException("as a fault"));
            });
            Assert.Equal(NodeState.Cancelled, child.State);
        });

    [Fact]
    public Task Cancelled_and_failed_children_together_surface_only_the_failure() => InTime(async () =>
    {
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(async scope =>
        {
            ChildTask waiting = scope.Spawn(Forever);
            scope.Spawn(static _ => throw new OopsException("the one"));
            await waiting;
        }));
        Assert.Equal("the one", thrown.Message);
    });
}
