#pragma warning disable CS1998 // work that is done at once is part of what is tested

namespace Treeline.Tests.Combinators;

public sealed class StaggeredRaceAsyncTests : TreeTest
{
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(250);
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public Task The_next_starts_after_the_delay_and_not_before() => InTime(async () =>
    {
        TaskCompletionSource[] started = [Signal(), Signal(), Signal()];
        Task<int> race = Race(i => async ct =>
        {
            started[i].SetResult();
            if (i < 2)
            {
                await Forever(ct);
            }

            return i;
        });
        await started[0].Task;
        await Until(() => _clock.Pending == 1);
        _clock.Advance(s_delay - TimeSpan.FromTicks(1));
        Assert.Equal(1, _clock.Pending);
        Assert.False(started[1].Task.IsCompleted);
        _clock.Advance(TimeSpan.FromTicks(1));
        await started[1].Task;
        await Until(() => _clock.Pending == 1);
        Assert.False(started[2].Task.IsCompleted);
        _clock.Advance(s_delay);
        Assert.Equal(2, await race);
        Assert.Equal(0, _clock.Pending);
    });

    [Fact]
    public Task The_next_starts_at_once_when_the_latest_fails() => InTime(async () =>
    {
        Task<int> race = Race(i => async ct =>
        {
            await Task.Yield();
            return i < 2 ? throw new OopsException($"attempt {i}") : i;
        });
        Assert.Equal(2, await race);
        Assert.Equal(0, _clock.Pending);
    });

    [Fact]
    public Task The_failure_of_one_that_had_its_time_starts_nobody() => InTime(async () =>
    {
        TaskCompletionSource[] started = [Signal(), Signal(), Signal()];
        TaskCompletionSource fail = Signal();
        Task<int> race = Race(i => async ct =>
        {
            started[i].SetResult();
            if (i == 0)
            {
                await fail.Task;
                throw new OopsException("late");
            }

            if (i == 1)
            {
                await Forever(ct);
            }

            return i;
        });
        await started[0].Task;
        await Until(() => _clock.Pending == 1);
        _clock.Advance(s_delay);
        await started[1].Task;
        await Until(() => _clock.Pending == 1);
        fail.SetResult();
        await Until(() => Find("race").Children.Count == 1);
        Assert.False(started[2].Task.IsCompleted);
        Assert.Equal(1, _clock.Pending);
        _clock.Advance(s_delay);
        Assert.Equal(2, await race);
    });

    [Fact]
    public Task The_winner_stops_those_that_run_and_those_that_would() => InTime(async () =>
    {
        TaskCompletionSource win = Signal();
        bool cancelled = false;
        int starts = 0;
        Task<int> race = Race(i => async ct =>
        {
            Interlocked.Increment(ref starts);
            if (i == 1)
            {
                await win.Task;
                return i;
            }

            try
            {
                await Forever(ct);
            }
            finally
            {
                cancelled = true;
            }

            return i;
        });
        await Until(() => _clock.Pending == 1);
        _clock.Advance(s_delay);
        await Until(() => Volatile.Read(ref starts) == 2);
        win.SetResult();
        Assert.Equal(1, await race);
        Assert.True(cancelled);
        Assert.Equal(2, starts);
        Assert.Equal(0, _clock.Pending);
    });

    [Fact]
    public Task If_nobody_succeeds_all_failures_surface() => InTime(async () =>
    {
        ScopeException thrown = await Assert.ThrowsAsync<ScopeException>(
            () => Race(i => ct => Task.FromException<int>(new OopsException($"attempt {i}"))));
        Assert.Equal(
            ["attempt 0", "attempt 1", "attempt 2"], thrown.Failures.Select(static failure => failure.Exception.Message));
    });

    [Fact]
    public Task With_an_endless_head_start_only_a_failure_lets_the_next_begin() => InTime(async () =>
    {
        int result = await Concurrently.StaggeredRaceAsync<int>(
            [async ct => throw new OopsException("first"), async ct => 2, async ct => throw new OopsException("not reached")],
            Timeout.InfiniteTimeSpan);
        Assert.Equal(2, result);
    });

    [Fact]
    public Task Cancelled_from_outside_the_failures_from_before_do_not_hide_it() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        TaskCompletionSource second = Signal();
        Task<int> race = Race(
            i => async ct =>
            {
                if (i == 0)
                {
                    throw new OopsException("an attempt");
                }

                second.SetResult();
                await Forever(ct);
                return i;
            },
            outer.Token);
        await second.Task;
        await outer.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => race);
        Assert.Equal(outer.Token, thrown.CancellationToken);
    });

    [Fact]
    public Task Cancelled_from_outside_no_other_starts() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        TaskCompletionSource running = Signal();
        int starts = 0;
        Task<int> race = Race(
            i => async ct =>
            {
                Interlocked.Increment(ref starts);
                running.SetResult();
                await Forever(ct);
                return i;
            },
            outer.Token);
        await running.Task;
        await outer.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => race);
        Assert.Equal(outer.Token, thrown.CancellationToken);
        Assert.Equal(1, starts);
        Assert.Equal(0, _clock.Pending);
    });

    [Fact]
    public Task Cancelled_from_outside_while_the_only_one_fails_the_failure_surfaces_and_no_other_starts() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        int starts = 0;
        Task<int> race = Race(
            i => async ct =>
            {
                Interlocked.Increment(ref starts);
                await outer.CancelAsync();
                throw new OopsException("cleanup");
            },
            outer.Token);
        await Assert.ThrowsAsync<OopsException>(() => race);
        Assert.Equal(1, starts);
    });

    [Fact]
    public Task By_the_systems_clock_it_is_as_late_as_it_should_be() => InTime(async () =>
    {
        long start = TimeProvider.System.GetTimestamp();
        TimeSpan second = await Concurrently.StaggeredRaceAsync(
            [
                async ct =>
                {
                    await Forever(ct);
                    return TimeSpan.Zero;
                },
                async ct => TimeProvider.System.GetElapsedTime(start),
            ],
            TimeSpan.FromMilliseconds(60));
        Assert.True(second >= TimeSpan.FromMilliseconds(45), $"{second}"); // a timer may be a tick of the system's clock early
    });

    private Task<int> Race(Func<int, Func<CancellationToken, Task<int>>> attempt, CancellationToken cancellationToken = default) =>
        Concurrently.StaggeredRace<int>(
            [attempt(0), attempt(1), attempt(2)],
            names: null,
            s_delay,
            _clock,
            new Combination("race", "Race.cs", 1),
            cancellationToken);
}
