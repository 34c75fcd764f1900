namespace Treeline.Tests.Contract;

/// <summary>
/// Line 7 of the contract: the effective deadline is the least of all ancestors'. A child can shorten it, never lengthen
/// it. <see cref="TimeoutException"/> surfaces only at the scope that owns the deadline that fired.
/// </summary>
public class DeadlinesNestTests : TreeTest
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public Task The_effective_deadline_is_the_least_of_all_above() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            DateTimeOffset now = _clock.GetUtcNow();
            CancelScope inner = scope.Child();
            CancelScope innermost = inner.Child();
            Assert.Equal(now + (10 * s_second), scope.Deadline);
            Assert.Equal(now + (10 * s_second), innermost.Deadline);

            inner.Deadline = now + (20 * s_second);
            Assert.Equal(now + (10 * s_second), innermost.Deadline);
            inner.Deadline = now + (5 * s_second);
            Assert.Equal(now + (5 * s_second), innermost.Deadline);
            Assert.Equal(now + (10 * s_second), scope.Deadline);
            innermost.Deadline = now + s_second;
            Assert.Equal(now + s_second, innermost.Deadline);
            Assert.Equal(now + (5 * s_second), inner.Deadline);
            inner.Deadline = null;
            innermost.Deadline = null;
            Assert.Equal(now + (10 * s_second), innermost.Deadline);
            await inner.DisposeAsync();
        },
        new ScopeOptions { Timeout = 10 * s_second, TimeProvider = _clock }));

    [Fact]
    public Task A_child_cannot_lengthen_the_time_and_only_the_owner_of_the_deadline_times_out() => InTime(async () =>
    {
        Task outer = TaskScope.RunAsync(
            async scope =>
            {
                ChildTask child = scope.Spawn(async _ =>
                {
                    OperationCanceledException cut = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => TaskScope.RunAsync(
                        async nested =>
                        {
                            _clock.Advance(s_second);
                            await Forever(nested.Token);
                        },
                        new ScopeOptions { Name = "nested", Timeout = 5 * s_second }));
                    Assert.Contains("'outer' timed out after 00:00:01", cut.Message, StringComparison.Ordinal);
                    throw cut;
                });
                await child;
            },
            new ScopeOptions { Name = "outer", Timeout = s_second, TimeProvider = _clock });
        TimeoutException thrown = await Assert.ThrowsAsync<TimeoutException>(() => outer);
        Assert.Equal("'outer' timed out after 00:00:01.", thrown.Message);
        Assert.Equal(0, _clock.Pending);
    });

    [Fact]
    public Task A_deadline_can_be_moved_while_it_runs() => InTime(async () =>
    {
        TaskCompletionSource moved = Signal();
        Task run = TaskScope.RunAsync(
            async scope =>
            {
                scope.Deadline = _clock.GetUtcNow() + (3 * s_second);
                moved.SetResult();
                await Forever(scope.Token);
            },
            new ScopeOptions { Name = "scope", Timeout = s_second, TimeProvider = _clock });
        await moved.Task;
        _clock.Advance(2 * s_second);
        Assert.False(run.IsCompleted);
        _clock.Advance(s_second);
        TimeoutException thrown = await Assert.ThrowsAsync<TimeoutException>(() => run);
        Assert.StartsWith("'scope' has passed its deadline of 2030-01-01T00:00:03", thrown.Message, StringComparison.Ordinal);
    });

    [Fact]
    public Task A_deadline_that_is_brought_forward_fires_at_the_new_time_and_one_taken_away_never() => InTime(async () =>
    {
        await using CancelScope scope = Treeline.TaskScope.Open(new ScopeOptions { TimeProvider = _clock });
        CancelScope soon = scope.Child();
        CancelScope never = scope.Child();
        soon.Deadline = never.Deadline = _clock.GetUtcNow() + (10 * s_second);
        soon.Deadline = _clock.GetUtcNow() + s_second;
        never.Deadline = null;

        _clock.Advance(s_second);
        Assert.True(soon.IsCancellationRequested);
        _clock.Advance(100 * s_second);
        Assert.False(never.IsCancellationRequested);
        Assert.False(scope.IsCancellationRequested);
    });

    [Fact]
    public Task A_cancel_scope_whose_deadline_passes_cancels_and_throws_nothing() => InTime(async () =>
    {
        await using CancelScope top = Treeline.TaskScope.Open(new ScopeOptions { TimeProvider = _clock });
        CancelScope scope = top.Child();
        scope.Deadline = _clock.GetUtcNow() + s_second;
        CancellationToken token = scope.Token;
        _clock.Advance(s_second);

        Assert.True(token.IsCancellationRequested);
        Assert.Contains("deadline", scope.CancelReason, StringComparison.Ordinal);
        await scope.DisposeAsync();
        Assert.Equal(0, _clock.Pending);
    });

    [Fact]
    public Task The_earlier_of_timeout_and_deadline_counts() => InTime(async () =>
    {
        DateTimeOffset now = _clock.GetUtcNow();
        await using var byTimeout = Treeline.TaskScope.Open(
            new ScopeOptions { Timeout = s_second, Deadline = now + (2 * s_second), TimeProvider = _clock });
        await using var byDeadline = Treeline.TaskScope.Open(
            new ScopeOptions { Timeout = 3 * s_second, Deadline = now + (2 * s_second), TimeProvider = _clock });
        Assert.Equal(now + s_second, byTimeout.Deadline);
        Assert.Equal(now + (2 * s_second), byDeadline.Deadline);
        await byTimeout.JoinAsync();
        await byDeadline.JoinAsync();
    });

    [Fact]
    public Task A_deadline_that_has_passed_cancels_at_once_and_the_last_moment_there_is_never() => InTime(async () =>
    {
        await Assert.ThrowsAsync<TimeoutException>(() => TaskScope.RunAsync(
            static scope => Forever(scope.Token),
            new ScopeOptions { Deadline = DateTimeOffset.UtcNow.AddDays(-1) }));
        await TaskScope.RunAsync(
            static async scope => await scope.Spawn(static async _ => await Task.Yield()),
            new ScopeOptions { Deadline = DateTimeOffset.MaxValue, Timeout = TimeSpan.MaxValue });
    });

    [Fact]
    public Task The_clock_is_that_of_the_nearest_scope_that_was_given_one() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            ChildTask child = scope.Spawn(async _ =>
            {
                Task<bool> inTime = CancelScope.MoveOnAfterAsync(s_second, static async ct => await Forever(ct));
                Assert.Equal(1, _clock.Pending);
                _clock.Advance(s_second);
                Assert.False(await inTime);
            });
            await child;
        },
        new ScopeOptions { TimeProvider = _clock }));

    [Fact]
    public Task WithTimeoutAsync_waits_for_what_it_has_cancelled_and_throws() => InTime(events => TaskScope.RunAsync(
        async _ =>
        {
            Task<int> slow = CancelScope.WithTimeoutAsync(s_second, async ct =>
            {
                try
                {
                    events.Expect(1);
                    await Forever(ct);
                }
                finally
                {
                    await Task.Yield();
                    events.Expect(3);
                }

                return 1;
            });
            events.Expect(2);
            _clock.Advance(s_second);
            await Assert.ThrowsAsync<TimeoutException>(() => slow);
            events.Finish(4);
            Assert.Equal(7, await CancelScope.WithTimeoutAsync(s_second, static async ct =>
            {
                await Task.Yield();
                return 7;
            }));
        },
        new ScopeOptions { TimeProvider = _clock }));

    [Fact]
    public Task MoveOnAfterAsync_tells_only_of_its_own_time() => InTime(() => TaskScope.RunAsync(
        async _ =>
        {
            Assert.True(await CancelScope.MoveOnAfterAsync(s_second, static async ct => await Task.Yield()));

            // The enclosing time is over first: that is a cancellation here, and a timeout there.
            await Assert.ThrowsAsync<TimeoutException>(() => CancelScope.WithTimeoutAsync(s_second, async ct =>
            {
                Task<bool> inner = CancelScope.MoveOnAfterAsync(2 * s_second, Forever);
                _clock.Advance(s_second);
                await inner;
            }));

            // A timeout of the work's own is its failure.
            await Assert.ThrowsAsync<TimeoutException>(() => CancelScope.MoveOnAfterAsync(
                s_second, static async ct => await Task.FromException(new TimeoutException("its own"))));
        },
        new ScopeOptions { TimeProvider = _clock }));

    [Fact]
    public Task Work_that_is_done_when_its_time_is_over_counts() => InTime(() => TaskScope.RunAsync(
        async _ => Assert.True(await CancelScope.MoveOnAfterAsync(s_second, async ct =>
        {
            await Task.Yield();
            _clock.Advance(s_second);
            Assert.True(ct.IsCancellationRequested);
        })),
        new ScopeOptions { TimeProvider = _clock }));
}
