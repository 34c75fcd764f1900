namespace Treeline.Tests.Scopes;

/// <summary>What <c>RunAsync</c>, <c>Open</c>, <c>JoinAsync</c> and <c>DisposeAsync</c> do beside the contract's lines.</summary>
public sealed class TaskScopeTests : TreeTest
{
    [Fact]
    public Task Misuse_throws_at_the_call() => InTime(async () =>
    {
        Assert.Throws<ArgumentNullException>(() => { _ = TaskScope.RunAsync((Func<TaskScope, Task>)null!); });
        Assert.Throws<ArgumentNullException>(() => { _ = TaskScope.RunAsync((Func<TaskScope, Task<int>>)null!); });
        Assert.Throws<ArgumentNullException>(() => { _ = TaskScope.RunAsync((Func<TaskScope, ValueTask>)null!); });
        Assert.Throws<ArgumentNullException>(() => { _ = TaskScope.RunAsync((Func<TaskScope, ValueTask<int>>)null!); });
        Assert.Throws<ArgumentNullException>(
            () => { _ = TaskScope.RunAsync(static _ => Task.CompletedTask, (ScopeOptions)null!); });
        Assert.Throws<ArgumentNullException>(() => TaskScope.Open((ScopeOptions)null!));
        await using TaskScope scope = TaskScope.Open();
        Assert.Throws<ArgumentNullException>(() => { scope.Spawn((Func<CancellationToken, Task>)null!); });
        Assert.Throws<ArgumentNullException>(() => { scope.Spawn((Func<CancellationToken, ValueTask<int>>)null!); });
    });

    [Fact]
    public Task The_body_runs_at_once_on_the_callers_thread_and_children_never_on_its_stack() => InTime(async events =>
    {
        int caller = Environment.CurrentManagedThreadId;
        using var spawned = new ManualResetEventSlim();
        Task run = TaskScope.RunAsync(scope =>
        {
            Assert.Equal(caller, Environment.CurrentManagedThreadId);
            scope.Spawn(_ =>
            {
                spawned.Wait();
                events.Expect(2);
                return Task.CompletedTask;
            });
            events.Expect(1);
            spawned.Set();
            return Task.CompletedTask;
        });
        await run;
        events.Finish(3);
    });

    [Fact]
    public Task An_empty_scope_is_done_at_once() => InTime(async () =>
    {
        Task run = TaskScope.RunAsync(static _ => Task.CompletedTask);
        Assert.True(run.IsCompletedSuccessfully);
        await using TaskScope scope = TaskScope.Open();
        Assert.True(scope.JoinAsync().IsCompletedSuccessfully);
        Assert.Equal(NodeState.Succeeded, scope.State);
    });

    [Fact]
    public Task The_result_of_a_body_comes_after_all_its_children() => InTime(async events =>
    {
        TaskCompletionSource go = Signal();
        Task<string> run = TaskScope.RunAsync(scope =>
        {
            scope.Spawn(async _ =>
            {
                await go.Task;
                events.Expect(2);
            });
            return Task.FromResult("result");
        });
        Assert.False(run.IsCompleted);
        events.Expect(1);
        go.SetResult();
        Assert.Equal("result", await run);
        events.Finish(3);
    });

    [Fact]
    public Task Many_may_join_before_and_after_the_end() => InTime(async () =>
    {
        TaskCompletionSource go = Signal();
        await using TaskScope scope = TaskScope.Open();
        scope.Spawn(_ => go.Task);
        Task[] joins = [.. Enumerable.Range(0, 100).Select(_ => scope.JoinAsync())];
        Assert.All(joins, static join => Assert.False(join.IsCompleted));
        go.SetResult();
        await Task.WhenAll(joins);
        await scope.JoinAsync();
    });

    [Fact]
    public Task A_join_of_a_scope_that_cancelled_itself_ends_normally() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        ChildTask child = scope.Spawn(Forever);
        scope.Cancel();
        await scope.JoinAsync();
        Assert.Equal(NodeState.Cancelled, child.State);
        Assert.Equal(NodeState.Cancelled, scope.State);
    });

    [Fact]
    public Task A_join_of_a_scope_cancelled_from_outside_throws_and_its_disposal_does_not() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        TaskScope joined = TaskScope.Open(outer.Token);
        joined.Spawn(Forever);
        TaskScope disposed = TaskScope.Open(outer.Token);
        disposed.Spawn(Forever);
        Task join = joined.JoinAsync();
        await outer.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => join);
        Assert.Equal(outer.Token, thrown.CancellationToken);
        await joined.DisposeAsync();
        await disposed.DisposeAsync();
    });

    [Fact]
    public Task A_disposal_during_a_join_waits_with_it_and_does_not_cancel() => InTime(async events =>
    {
        TaskCompletionSource go = Signal();
        TaskScope scope = TaskScope.Open();
        ChildTask child = scope.Spawn(_ => go.Task);
        Task join = scope.JoinAsync();
        Task dispose = scope.DisposeAsync().AsTask();
        Assert.False(dispose.IsCompleted);
        Assert.False(scope.IsCancellationRequested);
        events.Expect(1);
        go.SetResult();
        await Task.WhenAll(join, dispose);
        Assert.Equal(NodeState.Succeeded, child.State);
        events.Finish(2);
    });

    [Fact]
    public Task A_join_during_a_disposal_waits_with_it() => InTime(async () =>
    {
        TaskCompletionSource unwound = Signal();
        TaskScope scope = TaskScope.Open();
        ChildTask child = scope.Spawn(_ => unwound.Task);
        await Until(() => child.State == NodeState.Running);
        Task dispose = scope.DisposeAsync().AsTask();
        Task again = scope.DisposeAsync().AsTask();
        Task join = scope.JoinAsync();
        Assert.All([dispose, again, join], static task => Assert.False(task.IsCompleted));
        unwound.SetResult();
        await Task.WhenAll(dispose, again, join);
    });

    [Fact]
    public Task A_scope_closed_with_its_owner_meanwhile_lets_its_joiners_go() => InTime(async () =>
    {
        Task join = null!;
        await TaskScope.RunAsync(async owner =>
        {
            TaskScope open = TaskScope.Open();
            ChildTask child = open.Spawn(Forever);
            await Until(() => child.State == NodeState.Running);
            using (ExecutionContext.SuppressFlow())
            {
                join = Task.Run(open.JoinAsync);
            }

            await Until(() => open.State == NodeState.Joining);
        });
        await join;
    });

    [Fact]
    public Task Anyone_may_spawn_from_any_thread_while_the_scope_is_open() => InTime(async () =>
    {
        int ran = 0;
        await TaskScope.RunAsync(async scope => await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 1_000; i++)
            {
                scope.Spawn(_ =>
                {
                    Interlocked.Increment(ref ran);
                    return Task.CompletedTask;
                });
            }
        }))));
        Assert.Equal(4_000, ran);
    });

    [Fact]
    public Task A_failure_outweighs_a_cancellation_from_outside() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        Task run = TaskScope.RunAsync(
            async scope =>
            {
                scope.Spawn(Forever);
                await outer.CancelAsync();
                throw new OopsException("body");
            },
            outer.Token);
        await Assert.ThrowsAsync<OopsException>(() => run);
    });
}
