namespace Treeline.Tests.Scopes;

/// <summary><c>OutcomeAsync</c>, and the results of every kind of delegate.</summary>
public sealed class ChildTaskOfTTests : TreeTest
{
    [Fact]
    public Task An_outcome_tells_success_failure_and_cancellation_apart_without_throwing() => InTime(async () =>
    {
        var oops = new OopsException("failed");
        await TaskScope.RunAsync(
            async scope =>
            {
                Outcome<int> good = await scope.Spawn(static _ => Task.FromResult(42)).OutcomeAsync();
                Assert.Equal((NodeState.Succeeded, 42, (Exception?)null), (good.State, good.Value, good.Error));
                Assert.True(good.IsSuccess);

                Outcome<int> bad = await scope.Spawn<int>(_ => throw oops).OutcomeAsync();
                Assert.Equal((NodeState.Failed, oops), (bad.State, bad.Error));
                Assert.Same(oops, Assert.Throws<OopsException>(() => bad.Value));

                ChildTask<int> waiting = scope.Spawn<int>(async ct =>
                {
                    await Forever(ct);
                    return 0;
                });
                Task<Outcome<int>> early = waiting.OutcomeAsync();
                scope.Cancel();
                Outcome<int> cut = await early;
                Assert.Equal(NodeState.Cancelled, cut.State);
                Assert.ThrowsAny<OperationCanceledException>(() => cut.Value);
                Assert.Equal(NodeState.Cancelled, (await waiting.OutcomeAsync()).State);
                Assert.Equal(NodeState.Cancelled, (await scope.Spawn(static _ => Task.FromResult(1)).OutcomeAsync()).State);
            },
            new ScopeOptions { OnFailure = FailurePolicy.Supervise });
    });

    [Fact]
    public Task A_foreign_cancellation_is_a_failed_outcome() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            Outcome<int> outcome = await scope.Spawn<int>(static _ => throw new TaskCanceledException("foreign")).OutcomeAsync();
            Assert.Equal(NodeState.Failed, outcome.State);
        },
        new ScopeOptions { OnFailure = FailurePolicy.Supervise }));

    [Fact]
    public Task Many_may_ask_for_the_outcome_while_others_await() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        TaskCompletionSource go = Signal();
        ChildTask<string> child = scope.Spawn(async _ =>
        {
            await go.Task;
            return "all";
        });
        Task<Outcome<string>>[] outcomes = [.. Enumerable.Range(0, 100).Select(_ => child.OutcomeAsync())];
        Task<string> task = child.AsTask();
        go.SetResult();
        Assert.Equal("all", await child);
        Assert.Equal("all", await task);
        Assert.All(await Task.WhenAll(outcomes), static outcome => Assert.Equal("all", outcome.Value));
    }));

    [Fact]
    public Task The_outcome_of_a_child_whose_scope_is_disposed_meanwhile_is_cancelled() => InTime(async () =>
    {
        TaskScope scope = TaskScope.Open();
        Task<Outcome<int>> outcome = scope.Spawn<int>(async ct =>
        {
            await Forever(ct);
            return 0;
        }).OutcomeAsync();
        await scope.DisposeAsync();
        Assert.Equal(NodeState.Cancelled, (await outcome).State);
    });

    [Fact]
    public Task Results_come_through_whether_or_not_the_delegate_suspends() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        Assert.Equal(1, await scope.Spawn(static _ => Task.FromResult(1)));
        Assert.Equal(2, await scope.Spawn(static _ => ValueTask.FromResult(2)));
        Assert.Equal(3, await scope.Spawn(static async _ =>
        {
            await Task.Yield();
            return 3;
        }));
        Assert.Null(await scope.Spawn(static _ => Task.FromResult<string?>(null)));
    }));
}
