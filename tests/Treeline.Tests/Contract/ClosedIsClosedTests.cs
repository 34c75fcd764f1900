namespace Treeline.Tests.Contract;

/// <summary>Line 6 of the contract: spawning on a closed scope throws; nobody can smuggle a task out of a scope.</summary>
public class ClosedIsClosedTests : TreeTest
{
    [Fact]
    public Task Spawning_after_the_scope_has_ended_throws_and_says_why() => InTime(async () =>
    {
        TaskScope smuggled = null!;
        await TaskScope.RunAsync(
            scope =>
            {
                smuggled = scope;
                return Task.CompletedTask;
            },
            name: "closed");

        bool ran = false;
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() =>
        {
            smuggled.Spawn(
                _ =>
                {
                    ran = true;
                    return Task.CompletedTask;
                },
                "late");
        });
        Assert.Contains("'late' was spawned in 'closed', which has ended", error.Message, StringComparison.Ordinal);
        Assert.False(ran);
        Assert.Equal(NodeState.Succeeded, smuggled.State);
    });

    [Fact]
    public Task Spawning_after_a_join_of_an_empty_scope_throws() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        await scope.JoinAsync();
        Assert.Throws<InvalidOperationException>(() => { scope.Spawn(Forever); });
    });

    [Fact]
    public Task Spawning_after_a_disposal_throws() => InTime(async () =>
    {
        TaskScope scope = TaskScope.Open();
        await scope.DisposeAsync();
        Assert.Throws<InvalidOperationException>(() => { scope.Spawn(Forever); });
    });

    [Fact]
    public Task While_a_join_waits_a_scope_is_still_open() => InTime(async events =>
    {
        TaskCompletionSource go = Signal();
        await using TaskScope scope = TaskScope.Open();
        scope.Spawn(_ => go.Task);
        Task join = scope.JoinAsync();
        scope.Spawn(_ =>
        {
            events.Expect(1);
            go.SetResult();
            return Task.CompletedTask;
        });
        await join;
        events.Finish(2);
    });

    [Fact]
    public Task A_scope_run_by_code_that_has_outlived_its_child_throws_and_says_what_to_do() => InTime(async () =>
    {
        TaskCompletionSource ended = Signal();
        Task late = null!;
        await TaskScope.RunAsync(
            scope =>
            {
                scope.Spawn(
                    _ =>
                    {
                        late = Task.Run(async () =>
                        {
                            await ended.Task;
                            await TaskScope.RunAsync(static _ => Task.CompletedTask, name: "late");
                        });
                        return Task.CompletedTask;
                    },
                    "child");
                return Task.CompletedTask;
            },
            name: "scope");
        ended.SetResult();
        InvalidOperationException error = await Assert.ThrowsAsync<InvalidOperationException>(() => late);
        Assert.Contains("('late') was opened in 'scope/child', which has ended", error.Message, StringComparison.Ordinal);
        Assert.Contains("ExecutionContext.SuppressFlow()", error.Message, StringComparison.Ordinal);
    });

    [Fact]
    public Task Opening_any_scope_in_code_that_has_outlived_its_body_throws() => InTime(async () =>
    {
        TaskCompletionSource ended = Signal();
        Task late = null!;
        await TaskScope.RunAsync(_ =>
        {
            late = Task.Run(async () =>
            {
                await ended.Task;
                Assert.Throws<InvalidOperationException>(() => TaskScope.Open());
                Assert.Throws<InvalidOperationException>(() => CancelScope.Open());
            });
            return Task.CompletedTask;
        });
        ended.SetResult();
        await late;
    });

    [Fact]
    public Task A_child_of_a_closed_cancel_scope_cannot_be_opened() => InTime(async () =>
    {
        CancelScope scope = CancelScope.Open();
        await scope.DisposeAsync();
        Assert.Throws<InvalidOperationException>(() => scope.Child());
    });

    [Fact]
    public Task Joining_or_disposing_the_scope_of_a_body_throws_and_says_what_to_do() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            InvalidOperationException join = Assert.Throws<InvalidOperationException>(() => { _ = scope.JoinAsync(); });
            Assert.Contains("JoinAsync was called on 'mine'", join.Message, StringComparison.Ordinal);
            InvalidOperationException dispose =
                await Assert.ThrowsAsync<InvalidOperationException>(async () => await scope.DisposeAsync());
            Assert.Contains("DisposeAsync was called on 'mine'", dispose.Message, StringComparison.Ordinal);
            await scope.Spawn(static _ => Task.CompletedTask);
        },
        name: "mine"));

    [Fact]
    public Task An_open_scope_that_ended_with_its_owner_can_be_disposed_and_joined_late() => InTime(async () =>
    {
        TaskScope scope = null!;
        await TaskScope.RunAsync(_ =>
        {
            scope = TaskScope.Open();
            return Task.CompletedTask;
        });
        await scope.DisposeAsync();
        await scope.JoinAsync();
        await scope.DisposeAsync();
    });

    [Fact]
    public Task Cancelling_what_is_closed_does_nothing() => InTime(async () =>
    {
        TaskScope scope = TaskScope.Open();
        await scope.JoinAsync();
        scope.Cancel("too late");
        Assert.False(scope.IsCancellationRequested);
        Assert.False(scope.Token.IsCancellationRequested);
        Assert.Equal(NodeState.Succeeded, scope.State);
    });
}
