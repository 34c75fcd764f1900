namespace Treeline.Tests.Scopes;

/// <summary>The policies beyond fail-fast and supervision, and one of a user's own.</summary>
public sealed class FailurePolicyTests : TreeTest
{
    [Fact]
    public Task The_first_success_cancels_the_rest_and_failures_do_not_surface() => InTime(() => RunAsync(
        FailurePolicy.FirstSuccess,
        static async scope =>
        {
            ChildTask failed = scope.Spawn(static _ => throw new OopsException("one"));
            ChildTask waiting = scope.Spawn(Forever);
            await Until(() => failed.IsCompleted);
            Assert.False(scope.IsCancellationRequested);
            await scope.Spawn(static async _ => await Task.Yield());
            await Until(() => waiting.IsCompleted);
            Assert.Equal(NodeState.Cancelled, waiting.State);
            Assert.Equal("the policy of 'scope' needs no more of its children", scope.CancelReason);
        }));

    [Fact]
    public Task What_fails_in_the_cleanup_of_the_rest_is_not_lost() => InTime(async () =>
    {
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => RunAsync(
            FailurePolicy.FirstSuccess,
            static async scope =>
            {
                ChildTask early = scope.Spawn(static _ => throw new OopsException("early"));
                ChildTask loser = scope.Spawn(static async ct =>
                {
                    await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Forever(ct));
                    throw new OopsException("cleanup");
                });
                await Until(() => early.IsCompleted && loser.State == NodeState.Running);
                scope.Spawn(static async _ => await Task.Yield());
            }));
        Assert.Equal("cleanup", thrown.Message);
    });

    [Fact]
    public Task Without_a_success_all_failures_surface() => InTime(async () =>
    {
        ScopeException thrown = await Assert.ThrowsAsync<ScopeException>(() => RunAsync(
            FailurePolicy.FirstSuccess,
            static async scope =>
            {
                ChildTask one = scope.Spawn(static _ => throw new OopsException("one"));
                await Until(() => one.IsCompleted);
                scope.Spawn(static _ => throw new OopsException("two"));
            }));
        Assert.Equal(["one", "two"], thrown.InnerExceptions.Select(static error => error.Message));
    });

    [Fact]
    public Task A_quorum_is_decided_by_its_last_success() => InTime(() => RunAsync(
        FailurePolicy.Quorum(2),
        static async scope =>
        {
            ChildTask waiting = scope.Spawn(Forever);
            await scope.Spawn(static async _ => await Task.Yield());
            Assert.False(scope.IsCancellationRequested);
            scope.Spawn(static _ => throw new OopsException("ignored"));
            await scope.Spawn(static async _ => await Task.Yield());
            await Until(() => waiting.IsCompleted);
            Assert.Equal(NodeState.Cancelled, waiting.State);
        }));

    [Fact]
    public Task A_quorum_that_was_missed_is_an_error_of_its_own() => InTime(async () =>
    {
        InvalidOperationException thrown = await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync(
            FailurePolicy.Quorum(3), static async scope => await scope.Spawn(static async _ => await Task.Yield())));
        Assert.Equal("3 of the children had to succeed, and 1 did; 0 were cancelled and none failed.", thrown.Message);
        Assert.Throws<ArgumentOutOfRangeException>(static () => FailurePolicy.Quorum(0));
    });

    [Fact]
    public Task Collecting_lets_all_run_to_their_end_and_surfaces_all_though_observed() => InTime(async () =>
    {
        ScopeException thrown = await Assert.ThrowsAsync<ScopeException>(() => RunAsync(
            FailurePolicy.CollectAll,
            static async scope =>
            {
                ChildTask<int> one = scope.Spawn<int>(static _ => throw new OopsException("one"));
                Assert.Equal(NodeState.Failed, (await one.OutcomeAsync()).State);
                Assert.False(scope.IsCancellationRequested);
                await scope.Spawn(static async _ => await Task.Yield());
                scope.Spawn(static _ => throw new OopsException("two"));
            }));
        Assert.Equal(["one", "two"], thrown.InnerExceptions.Select(static error => error.Message));
    });

    [Fact]
    public Task A_policy_of_ones_own_sees_every_end() => InTime(async () =>
    {
        var policy = new TwoFailures();
        ScopeException thrown = await Assert.ThrowsAsync<ScopeException>(() => RunAsync(
            policy,
            static async scope =>
            {
                ChildTask waiting = scope.Spawn(Forever);
                await scope.Spawn(static async _ => await Task.Yield());
                ChildTask one = scope.Spawn(static _ => throw new OopsException("one"));
                await Until(() => one.IsCompleted);
                Assert.False(scope.IsCancellationRequested);
                scope.Spawn(static _ => throw new OopsException("two"));
                await Until(() => waiting.IsCompleted);
            }));
        Assert.Equal(2, thrown.InnerExceptions.Count);
        Assert.Equal(new ChildTally(1, 2, 1), policy.Last);
    });

    [Fact]
    public Task A_policy_that_throws_fails_the_scope() => InTime(async () =>
    {
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => RunAsync(
            new Throwing(atEnd: false),
            static async scope =>
            {
                ChildTask waiting = scope.Spawn(Forever);
                scope.Spawn(static async _ => await Task.Yield());
                await Until(() => waiting.IsCompleted);
            }));
        Assert.Equal("policy", thrown.Message);
        ScopeException both = await Assert.ThrowsAsync<ScopeException>(() => RunAsync(
            new Throwing(atEnd: true),
            static scope =>
            {
                scope.Spawn(static _ => throw new OopsException("child"));
                return Task.CompletedTask;
            }));
        Assert.Equal(["child", "policy"], both.InnerExceptions.Select(static error => error.Message));
    });

    [Fact]
    public Task Whatever_the_policy_a_failing_body_cancels_and_surfaces() => InTime(async () =>
    {
        await Assert.ThrowsAsync<OopsException>(() => RunAsync(
            FailurePolicy.FirstSuccess,
            static async scope =>
            {
                scope.Spawn(Forever);
                await Task.Yield();
                throw new OopsException("body");
            }));
    });

    [Fact]
    public Task A_quorum_that_is_cut_short_because_the_one_around_it_is_decided_was_cancelled_and_did_not_fail() => InTime(async () =>
    {
        ChildTask losing = default;
        await RunAsync(FailurePolicy.FirstSuccess, async scope =>
        {
            losing = scope.SpawnScope(static nested => Forever(nested.Token), new ScopeOptions { OnFailure = FailurePolicy.FirstSuccess });
            await Until(() => losing.State == NodeState.Running);
            await scope.Spawn(static async _ => await Task.Yield());
        });
        Assert.Equal(NodeState.Cancelled, losing.State);
    });

    private static Task RunAsync(FailurePolicy policy, Func<TaskScope, Task> body) =>
        TaskScope.RunAsync(body, new ScopeOptions { Name = "scope", OnFailure = policy });

    private sealed class TwoFailures : FailurePolicy
    {
        public ChildTally Last { get; private set; }

        protected internal override bool IsDecided(ChildTally tally) => tally.Failed == 2;

        protected internal override SurfacingFailures Surfacing(ChildTally tally)
        {
            Last = tally;
            return SurfacingFailures.All;
        }
    }

    private sealed class Throwing(bool atEnd) : FailurePolicy
    {
        protected internal override bool IsDecided(ChildTally tally) => atEnd ? false : throw new OopsException("policy");

        protected internal override SurfacingFailures Surfacing(ChildTally tally) =>
            atEnd ? throw new OopsException("policy") : SurfacingFailures.All;
    }
}
