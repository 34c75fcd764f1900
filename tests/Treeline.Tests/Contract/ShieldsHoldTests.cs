namespace Treeline.Tests.Contract;

/// <summary>
/// Line 8 of the contract: cleanup can run shielded from ancestors' cancellation, bounded by its own deadline.
/// </summary>
public class ShieldsHoldTests : TreeTest
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public Task Cleanup_in_a_shield_runs_to_its_end_and_whoever_cancelled_waits_for_it() => InTime(async events =>
    {
        TaskCompletionSource waiting = Signal();
        TaskCompletionSource cleaning = Signal();
        TaskCompletionSource release = Signal();
        Task run = TaskScope.RunAsync(async scope =>
        {
            ChildTask child = scope.Spawn(async ct =>
            {
                try
                {
                    waiting.SetResult();
                    await Forever(ct);
                }
                finally
                {
                    await CancelScope.ShieldAsync(TimeSpan.FromMinutes(1), async shielded =>
                    {
                        events.Expect(2);
                        cleaning.SetResult();
                        await release.Task.WaitAsync(shielded);
                        shielded.ThrowIfCancellationRequested();
                        events.Expect(4);
                    });
                }
            });
            await waiting.Task;
            events.Expect(1);
            scope.Cancel();
            await cleaning.Task;
            Assert.Equal(NodeState.Cancelling, child.State);
            events.Expect(3);
            release.SetResult();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await child);
            events.Finish(5);
        });
        await run;
    });

    [Fact]
    public Task A_shield_ends_with_its_own_time() => InTime(async () =>
    {
        Task run = TaskScope.RunAsync(
            async scope =>
            {
                scope.Cancel();
                Task shielded = CancelScope.ShieldAsync(s_second, static async ct => await Forever(ct));
                Assert.False(shielded.IsCompleted);
                _clock.Advance(s_second);
                await shielded;
            },
            new ScopeOptions { TimeProvider = _clock });
        await Assert.ThrowsAsync<TimeoutException>(() => run);
        Assert.Equal(0, _clock.Pending);
    });

    [Fact]
    public Task Children_can_be_spawned_behind_a_shield_of_a_scope_that_was_cancelled() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            scope.Cancel();
            int sum = await CancelScope.ShieldAsync(TimeSpan.FromMinutes(1), static async _ => await Treeline.TaskScope.RunAsync(
                static async inner =>
                {
                    ChildTask<int> one = inner.Spawn(static async ct =>
                    {
                        await Task.Delay(1, ct);
                        return 1;
                    });
                    return await one + 1;
                }));
            Assert.Equal(2, sum);
        }));

    [Fact]
    public Task Neither_cancellation_nor_stop_nor_deadline_from_above_reaches_a_shielded_node_or_one_below() => InTime(async () =>
    {
        await using CancelScope top = Treeline.TaskScope.Open(new ScopeOptions { TimeProvider = _clock });
        top.Deadline = _clock.GetUtcNow() + (2 * s_second);
        CancelScope shield = top.Shield(10 * s_second);
        CancelScope below = shield.Child();
        Assert.True(shield.IsShielded);
        Assert.False(below.IsShielded);
        Assert.Equal(_clock.GetUtcNow() + (10 * s_second), below.Deadline);

        top.Stop();
        Assert.False(below.IsStopping);
        _clock.Advance(2 * s_second);
        Assert.True(top.IsCancellationRequested);
        CancelScope late = top.Shield(10 * s_second);
        Assert.All([shield, below, late], static node =>
        {
            Assert.False(node.IsStopping);
            Assert.False(node.IsCancellationRequested);
            Assert.False(node.Token.IsCancellationRequested);
            Assert.False(node.StoppingToken.IsCancellationRequested);
        });

        _clock.Advance(8 * s_second);
        Assert.True(shield.IsCancellationRequested);
        Assert.True(below.Token.IsCancellationRequested);
    });

    [Fact]
    public Task A_shielded_scope_can_be_cancelled_itself_and_closes_with_its_owner() => InTime(async () =>
    {
        CancelScope left = null!;
        await TaskScope.RunAsync(async scope =>
        {
            CancelScope shield = scope.Shield(TimeSpan.FromMinutes(1));
            CancelScope below = shield.Child();
            shield.Cancel("itself");
            Assert.Equal("itself", below.CancelReason);
            left = scope.Shield(TimeSpan.FromMinutes(1));
            await Task.Yield();
        });
        Assert.True(left.IsCancellationRequested);
        Assert.Equal(NodeState.Cancelled, left.State);
    });

    [Fact]
    public Task The_token_of_a_scope_above_does_not_get_through_but_a_foreign_one_does() => InTime(async () =>
    {
        using var foreign = new CancellationTokenSource();
        await TaskScope.RunAsync(async scope =>
        {
            var options = new ScopeOptions { Shield = true, Timeout = TimeSpan.FromMinutes(1) };
            CancellationToken above = scope.Token;
            scope.Cancel();
            await TaskScope.RunAsync(
                static inner =>
                {
                    Assert.False(inner.IsCancellationRequested);
                    return Task.CompletedTask;
                },
                options,
                above);
            Task cut = TaskScope.RunAsync(static inner => Forever(inner.Token), options, foreign.Token);
            await foreign.CancelAsync();
            OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cut);
            Assert.Equal(foreign.Token, thrown.CancellationToken);
        });
    });

    [Fact]
    public void A_shield_without_an_end_is_refused()
    {
        ArgumentException refused = Assert.Throws<ArgumentException>(
            static () => { _ = TaskScope.RunAsync(static _ => Task.CompletedTask, new ScopeOptions { Name = "cleanup", Shield = true }); });
        Assert.Contains("'cleanup'", refused.Message, StringComparison.Ordinal);
    }
}
