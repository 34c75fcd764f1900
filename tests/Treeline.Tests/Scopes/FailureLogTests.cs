namespace Treeline.Tests.Scopes;

/// <summary>What is kept, what is dropped and in which order, for logs of many failures.</summary>
public sealed class FailureLogTests : TreeTest
{
    [Fact]
    public Task Ten_thousand_failures_all_surface_in_about_linear_time() => InTime(async () =>
    {
        const int Count = 10_000;
        ScopeException thrown = await Assert.ThrowsAsync<ScopeException>(() => TaskScope.RunAsync(
            async scope =>
            {
                ChildTask[] children = [.. Enumerable.Range(0, Count).Select(
                    number => scope.Spawn(_ => Task.FromException(new OopsException($"{number}"))))];
                await Until(() => children.All(static child => child.IsCompleted));
            },
            new ScopeOptions { OnFailure = FailurePolicy.Supervise }));
        Assert.Equal(Count, thrown.Failures.Count);
        Assert.Equal(Count, thrown.Failures.Select(static failure => failure.Exception).Distinct().Count());
    });

    [Fact]
    public Task An_aggregate_that_shares_its_parts_is_walked_once() => InTime(async () =>
    {
        var shared = new OopsException("leaf");
        Exception error = shared;
        for (int i = 0; i < 60; i++)
        {
            error = new AggregateException(error, error);
        }

        AggregateException thrown = await Assert.ThrowsAsync<AggregateException>(() => TaskScope.RunAsync(
            async scope =>
            {
                await Assert.ThrowsAsync<OopsException>(async () => await scope.Spawn(_ => throw shared));
                throw error;
            }));
        Assert.Same(error, thrown);
    });

    [Fact]
    public Task An_error_that_the_body_threw_first_is_not_noted_again_when_a_child_throws_it() => InTime(async () =>
    {
        var shared = new OopsException("shared");
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(async scope =>
        {
            ChildTask child = scope.Spawn(async ct =>
            {
                await Until(() => ct.IsCancellationRequested);
                throw shared;
            });
            await Until(() => child.State == NodeState.Running);
            throw shared;
        }));
        Assert.Same(shared, thrown);
    });

    [Fact]
    public Task A_supervising_scope_lets_observed_failures_go_and_keeps_the_others() => InTime(async () =>
    {
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(
            async scope =>
            {
                ChildTask kept = scope.Spawn(static _ => throw new OopsException("kept"));
                await Until(() => kept.IsCompleted);
                WeakReference first = await FailObserved(scope);
                for (int i = 0; i < 100; i++)
                {
                    await FailObserved(scope);
                }

                for (int i = 0; i < 10 && first.IsAlive; i++)
                {
                    GC.Collect();
                    await Task.Yield();
                }

                Assert.False(first.IsAlive);
            },
            new ScopeOptions { OnFailure = FailurePolicy.Supervise }));
        Assert.Equal("kept", thrown.Message);

        static Task<WeakReference> FailObserved(TaskScope scope) => Task.Run(async () =>
        {
            ChildTask<int> child = scope.Spawn<int>(static _ => throw new OopsException("observed"));
            return new WeakReference((await child.OutcomeAsync()).Error);
        });
    });
}
