namespace Treeline.Tests.Scopes;

/// <summary>A child that is a scope.</summary>
public sealed class SpawnScopeTests : TreeTest
{
    [Fact]
    public Task It_runs_beside_its_siblings_and_ends_after_all_that_was_spawned_in_it() => InTime(async events =>
    {
        TaskCompletionSource release = Signal();
        await TaskScope.RunAsync(async scope =>
        {
            ChildTask<int> child = scope.SpawnScope(async inner =>
            {
                inner.Spawn(async _ =>
                {
                    await release.Task;
                    events.Expect(2);
                });
                await Task.Yield();
                return 5;
            });
            events.Expect(1);
            release.SetResult();
            Assert.Equal(5, await child);
            events.Finish(3);
        });
    });

    [Fact]
    public Task It_is_cancelled_with_the_scope_it_was_spawned_in() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        ChildTask child = scope.SpawnScope(static async inner => await inner.Spawn(Forever));
        await Until(() => child.State == NodeState.Running);
        scope.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await child);
    }));

    [Fact]
    public Task Cancelled_alone_it_ends_as_a_cancelled_child_and_its_siblings_go_on() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        TaskScope inner = null!;
        ChildTask alone = scope.SpawnScope(async own =>
        {
            Volatile.Write(ref inner, own);
            await Forever(own.Token);
        });
        ChildTask<int> sibling = scope.Spawn(async ct =>
        {
            await Until(() => alone.IsCompleted);
            ct.ThrowIfCancellationRequested();
            return 5;
        });
        await Until(() => Volatile.Read(ref inner) is not null);
        inner.Cancel("not needed any more");
        OperationCanceledException cut = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await alone);
        Assert.Contains("not needed any more", cut.Message, StringComparison.Ordinal);
        Assert.Equal(NodeState.Cancelled, alone.State);
        Assert.Equal(5, await sibling);
        Assert.False(scope.IsCancellationRequested);
    }));

    [Fact]
    public Task Its_options_are_its_own() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            var clock = new ManualTimeProvider();
            TaskCompletionSource open = Signal();
            ChildTask slow = scope.SpawnScope(
                async inner =>
                {
                    open.SetResult();
                    await Forever(inner.Token);
                },
                new ScopeOptions { Name = "slow", Timeout = TimeSpan.FromSeconds(1), TimeProvider = clock });
            await open.Task;
            Assert.Equal(NodeKind.Scope, Assert.Single(Assert.Single(All(), static node => node is { Name: "slow", Kind: NodeKind.Child }).Children).Kind);
            clock.Advance(TimeSpan.FromSeconds(1));
            await Assert.ThrowsAsync<TimeoutException>(async () => await slow);
            Assert.False(scope.IsCancellationRequested);
        },
        new ScopeOptions { OnFailure = FailurePolicy.Supervise }));

    [Fact]
    public Task Every_shape_of_body_is_taken() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        ChildTask plain = scope.SpawnScope(static Task (inner) => Task.CompletedTask);
        ChildTask value = scope.SpawnScope(static ValueTask (inner) => ValueTask.CompletedTask);
        ChildTask<int> plainOf = scope.SpawnScope(static Task<int> (inner) => Task.FromResult(1));
        ChildTask<int> valueOf = scope.SpawnScope(static ValueTask<int> (inner) => ValueTask.FromResult(2));
        ChildTask<int> fiberOf = scope.SpawnScope(static async inner => await inner.Spawn(static async _ =>
        {
            await Fiber.Yield();
            return 3;
        }));
        ChildTask fiber = scope.SpawnScope(static async inner => await Fiber.Yield(), name: "fiber");
        await plain;
        await value;
        await fiber;
        Assert.Equal(6, await plainOf + await valueOf + await fiberOf);
        Assert.Throws<ArgumentNullException>(() => { scope.SpawnScope((Func<TaskScope, Task>)null!); });
    }));
}
