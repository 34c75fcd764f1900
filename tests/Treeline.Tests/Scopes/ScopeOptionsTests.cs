using Treeline.Testing;

namespace Treeline.Tests.Scopes;

/// <summary>The limits of the options, and the timeout, in virtual time.</summary>
public sealed class ScopeOptionsTests : TreeTest
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Times_must_not_be_negative()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ScopeOptions { Timeout = TimeSpan.FromTicks(-1) });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ScopeOptions { Timeout = Timeout.InfiniteTimeSpan });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ScopeOptions { Grace = TimeSpan.FromTicks(-1) });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ScopeOptions { Patience = TimeSpan.FromTicks(-1) });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ScopeOptions { MaxConcurrency = 0 });
        Assert.Equal(TimeSpan.FromDays(4_900), new ScopeOptions { Timeout = TimeSpan.FromDays(4_900) }.Timeout);
        Assert.Null(new ScopeOptions { Timeout = null }.Timeout);
    }

    [Fact]
    public Task The_deadline_cancels_the_scope_and_surfaces_as_a_TimeoutException() => InTime(async events =>
    {
        var clock = new ManualTimeProvider();
        TaskCompletionSource waiting = Signal();
        Task run = TaskScope.RunAsync(
            async scope =>
            {
                scope.Spawn(async ct =>
                {
                    waiting.SetResult();
                    try
                    {
                        await Forever(ct);
                    }
                    finally
                    {
                        events.Expect(2);
                    }
                });
                await Forever(scope.Token);
            },
            new ScopeOptions { Name = "slow", Timeout = s_second, TimeProvider = clock });
        await waiting.Task;
        clock.Advance(s_second - TimeSpan.FromTicks(1));
        Assert.False(run.IsCompleted);
        events.Expect(1);
        clock.Advance(TimeSpan.FromTicks(1));
        TimeoutException thrown = await Assert.ThrowsAsync<TimeoutException>(() => run);
        Assert.Equal("'slow' timed out after 00:00:01.", thrown.Message);
        events.Finish(3);
    });

    [Fact]
    public Task A_timeout_surfaces_as_such_only_at_the_scope_that_owns_the_deadline() => InTime(async events =>
    {
        var clock = new ManualTimeProvider();
        Task outer = TaskScope.RunAsync(
            async scope => await scope.Spawn(async _ =>
            {
                OperationCanceledException inner = await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
                    TaskScope.RunAsync(
                        async nested =>
                        {
                            events.Expect(1);
                            clock.Advance(s_second);
                            await Forever(nested.Token);
                        },
                        new ScopeOptions { Timeout = 2 * s_second, TimeProvider = clock }));
                Assert.Contains("'outer' timed out after 00:00:01", inner.Message, StringComparison.Ordinal);
                events.Expect(2);
                throw inner;
            }),
            new ScopeOptions { Name = "outer", Timeout = s_second, TimeProvider = clock });
        await Assert.ThrowsAsync<TimeoutException>(() => outer);
        events.Finish(3);
    });

    [Fact]
    public void The_shorter_inner_deadline_is_a_failure_that_the_outer_scope_can_handle() => Deterministic.Explore(
        100,
        async run => await TaskScope.RunAsync(
            async outer =>
            {
                await Assert.ThrowsAsync<TimeoutException>(() => TaskScope.RunAsync(
                    static async inner =>
                    {
                        inner.Spawn(Forever);
                        await Forever(inner.Token);
                    },
                    new ScopeOptions { Timeout = s_second, TimeProvider = run.Time }));
                Assert.False(outer.IsCancellationRequested);
                Assert.Equal(s_second, run.Time.Elapsed);
            },
            new ScopeOptions { Timeout = 2 * s_second, TimeProvider = run.Time }));

    [Fact]
    public Task A_deadline_that_came_too_late_to_cut_anything_does_not_surface() => InTime(async () =>
    {
        var clock = new ManualTimeProvider();
        int result = await TaskScope.RunAsync(
            async scope =>
            {
                clock.Advance(s_second);
                Assert.True(scope.IsCancellationRequested);
                return await Task.FromResult(42);
            },
            new ScopeOptions { Timeout = s_second, TimeProvider = clock });
        Assert.Equal(42, result);
    });

    [Fact]
    public Task A_TimeoutException_of_the_work_itself_is_a_failure_like_any_other() => InTime(async () =>
    {
        var own = new TimeoutException("own");
        Assert.Same(own, await Assert.ThrowsAsync<TimeoutException>(() => TaskScope.RunAsync(
            async scope => await scope.Spawn(_ => throw own),
            new ScopeOptions { Timeout = s_second, TimeProvider = new ManualTimeProvider() })));
    });

    [Fact]
    public Task The_timer_is_gone_when_the_scope_is() => InTime(async () =>
    {
        var clock = new ManualTimeProvider();
        var options = new ScopeOptions { Timeout = s_second, TimeProvider = clock };
        await TaskScope.RunAsync(
            _ =>
            {
                Assert.Equal(1, clock.Pending);
                return Task.CompletedTask;
            },
            options);
        Assert.Equal(0, clock.Pending);
        await using (TaskScope scope = TaskScope.Open(options))
        {
            Assert.Equal(1, clock.Pending);
        }

        Assert.Equal(0, clock.Pending);
    });

    [Fact]
    public Task The_deadline_of_an_open_scope_surfaces_from_its_join() => LeakCheck.RunAsync(async check =>
    {
        VirtualTime clock = check.Watch(new VirtualTime());
        await using TaskScope scope = TaskScope.Open(
            new ScopeOptions { Timeout = s_second, TimeProvider = clock }, check.Token);
        ChildTask child = scope.Spawn(Forever);
        clock.Advance(s_second);
        await Assert.ThrowsAsync<TimeoutException>(scope.JoinAsync);
        Assert.Equal(NodeState.Cancelled, child.State);
        Assert.Equal(NodeState.Failed, scope.State);
    });

    [Fact]
    public Task A_clock_that_refuses_a_timer_leaves_no_scope_behind() => InTime(async () =>
    {
        var options = new ScopeOptions { Timeout = s_second, TimeProvider = new BrokenClock() };
        Assert.Throws<OopsException>(() => { _ = TaskScope.RunAsync(static _ => Task.CompletedTask, options); });
        Assert.Throws<OopsException>(() => TaskScope.Open(options));
        await Task.Yield();
    });

    [Fact]
    public Task The_name_of_the_options_wins_over_that_of_the_method() => InTime(async () =>
    {
        Assert.Equal("mine", await TaskScope.RunAsync(static scope => Task.FromResult(scope.Name), new ScopeOptions { Name = "mine" }));
        Assert.Equal(
            nameof(The_name_of_the_options_wins_over_that_of_the_method),
            await TaskScope.RunAsync(static scope => Task.FromResult(scope.Name), new ScopeOptions()));
    });

    private sealed class BrokenClock : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            throw new OopsException("no timers here");
    }
}
