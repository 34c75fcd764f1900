// Waits that have ended are looked into by hand.
#pragma warning disable CA2012

namespace Treeline.Tests.Sync;

public sealed class RateLimiterTests : TreeTest
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public Task A_token_bucket_lets_a_burst_through_and_then_one_after_the_other_evenly() => InTime(async () =>
    {
        RateLimiter limiter = RateLimiter.TokenBucket(4, s_second, burst: 2, _clock);
        Assert.True(limiter.TryAcquire());
        Assert.True(limiter.TryAcquire());
        Assert.False(limiter.TryAcquire());
        ValueTask[] waits = [.. Enumerable.Range(0, 3).Select(_ => limiter.AcquireAsync())];
        for (int i = 0; i < waits.Length; i++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(249));
            Assert.False(waits[i].IsCompleted);
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            Assert.True(waits[i].IsCompletedSuccessfully);
            await waits[i];
        }

        Assert.Equal(0, _clock.Pending);
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.True(limiter.TryAcquire(2));
        Assert.False(limiter.TryAcquire());
    });

    [Fact]
    public void A_token_bucket_rounds_nothing_away()
    {
        RateLimiter limiter = RateLimiter.TokenBucket(3, s_second, burst: 2, _clock);
        Assert.True(limiter.TryAcquire(2));
        int through = 0;
        for (int i = 0; i < 10_000_000 / 100; i++)
        {
            _clock.Advance(TimeSpan.FromTicks(300)); // 3 s in all
            through += limiter.TryAcquire() ? 1 : 0;
        }

        Assert.Equal(9, through);
    }

    [Fact]
    public Task A_sliding_window_lets_no_more_through_in_any_stretch_of_its_length() => InTime(async () =>
    {
        RateLimiter limiter = RateLimiter.SlidingWindow(3, s_second, _clock);
        Assert.True(limiter.TryAcquire());
        _clock.Advance(TimeSpan.FromMilliseconds(900));
        Assert.True(limiter.TryAcquire(2));
        ValueTask one = limiter.AcquireAsync();
        ValueTask two = limiter.AcquireAsync(2);
        _clock.Advance(TimeSpan.FromMilliseconds(99));
        Assert.False(one.IsCompleted);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(one.IsCompletedSuccessfully);
        Assert.False(two.IsCompleted);
        _clock.Advance(TimeSpan.FromMilliseconds(899));
        Assert.False(two.IsCompleted);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(two.IsCompletedSuccessfully);
        Assert.False(limiter.TryAcquire());
        await one;
        await two;
    });

    [Fact]
    public Task Whoever_asks_for_many_is_not_passed_by_those_who_ask_for_few() => InTime(async () =>
    {
        RateLimiter limiter = RateLimiter.TokenBucket(10, s_second, timeProvider: _clock);
        Assert.True(limiter.TryAcquire(10));
        ValueTask large = limiter.AcquireAsync(10);
        ValueTask small = limiter.AcquireAsync();
        _clock.Advance(TimeSpan.FromMilliseconds(999));
        Assert.False(limiter.TryAcquire());
        Assert.False(large.IsCompleted || small.IsCompleted);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(large.IsCompletedSuccessfully);
        Assert.False(small.IsCompleted);
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        Assert.True(small.IsCompletedSuccessfully);
        await large;
        await small;
    });

    [Fact]
    public Task When_the_first_in_line_gives_up_the_next_goes_when_it_is_its_time_and_no_timer_is_left_at_the_end() => InTime(async () =>
    {
        RateLimiter limiter = RateLimiter.TokenBucket(10, s_second, timeProvider: _clock, name: "calls");
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        Assert.True(limiter.TryAcquire(10));
        ValueTask large = limiter.AcquireAsync(10, first.Token);
        ValueTask one = limiter.AcquireAsync();
        ValueTask last = limiter.AcquireAsync(5, second.Token);
        _clock.Advance(TimeSpan.FromMilliseconds(50));
        first.Cancel();
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await large);
        Assert.Equal("The wait for 10 places of rate limiter 'calls' was cancelled; it took nothing.", error.Message);
        Assert.False(one.IsCompleted);
        _clock.Advance(TimeSpan.FromMilliseconds(50));
        Assert.True(one.IsCompletedSuccessfully);
        Assert.Equal(1, _clock.Pending);
        second.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await last);
        Assert.Equal(0, _clock.Pending);

        // And it goes on with a new timer.
        ValueTask again = limiter.AcquireAsync();
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        Assert.True(again.IsCompletedSuccessfully);
        await one;
        await again;
    });

    [Fact]
    public Task A_token_that_is_cancelled_already_cancels_and_counts_for_nothing() => InTime(async () =>
    {
        RateLimiter limiter = RateLimiter.SlidingWindow(1, s_second, _clock);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await limiter.AcquireAsync(new CancellationToken(true)));
        Assert.True(limiter.TryAcquire());
    });

    [Fact]
    public void What_makes_no_sense_throws_at_once()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => RateLimiter.TokenBucket(0, s_second));
        Assert.Throws<ArgumentOutOfRangeException>(() => RateLimiter.TokenBucket(1, TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => RateLimiter.TokenBucket(1, s_second, burst: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => RateLimiter.SlidingWindow(0, s_second));
        Assert.Throws<ArgumentOutOfRangeException>(() => RateLimiter.SlidingWindow(1, -s_second));
        RateLimiter limiter = RateLimiter.SlidingWindow(3, s_second);
        Assert.Throws<ArgumentOutOfRangeException>(() => limiter.TryAcquire(0));
        Assert.Contains(
            "No more than 3 ever go at once",
            Assert.Throws<ArgumentOutOfRangeException>(() => _ = limiter.AcquireAsync(4)).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => limiter.AcquireCase(4));
    }

    [Fact]
    public Task Without_a_clock_of_its_own_it_takes_that_of_the_scope_it_is_made_in() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            RateLimiter limiter = RateLimiter.SlidingWindow(1, TimeSpan.FromDays(1));
            Assert.True(limiter.TryAcquire());
            ValueTask next = limiter.AcquireAsync(scope.Token);
            _clock.Advance(TimeSpan.FromDays(1));
            await next;
        },
        new ScopeOptions { TimeProvider = _clock }));

    [Fact]
    public Task On_the_systems_clock_nobody_goes_too_early() => InTime(async () =>
    {
        RateLimiter limiter = RateLimiter.SlidingWindow(2, TimeSpan.FromMilliseconds(20));
        var times = new List<long>();
        await TaskScope.RunAsync(async scope =>
        {
            for (int i = 0; i < 10; i++)
            {
                scope.Spawn(async ct =>
                {
                    await limiter.AcquireAsync(ct);
                    lock (times)
                    {
                        times.Add(TimeProvider.System.GetTimestamp());
                    }
                });
            }
        });
        times.Sort();
        Assert.True(TimeProvider.System.GetElapsedTime(times[0], times[9]) > TimeSpan.FromMilliseconds(60));
    });

    [Fact]
    public void Let_through_and_cancelled_at_once_it_counts_for_what_happened()
    {
        RateLimiter limiter = RateLimiter.SlidingWindow(1, s_second, _clock);
        ValueTask wait = default;
        CancellationTokenSource source = new();
        Duel.Fight(
            () =>
            {
                source = new CancellationTokenSource();
                _clock.Advance(s_second);
                Assert.True(limiter.TryAcquire());
                wait = limiter.AcquireAsync(source.Token);
            },
            () => _clock.Advance(s_second),
            () => source.Cancel(),
            _ =>
            {
                source.Dispose();
                Assert.True(wait.IsCompleted);
                if (wait.IsCompletedSuccessfully)
                {
                    wait.GetAwaiter().GetResult();
                    Assert.False(limiter.TryAcquire());
                }
                else
                {
                    Assert.ThrowsAny<OperationCanceledException>(() => wait.GetAwaiter().GetResult());
                    Assert.True(limiter.TryAcquire());
                }
            });
    }

    [Fact]
    public Task In_a_select_the_loser_counts_for_nothing() => InTime(async () =>
    {
        RateLimiter limiter = RateLimiter.SlidingWindow(2, s_second, _clock);
        var notify = new Notify();
        Assert.True(limiter.TryAcquire());
        Waiter<WaiterBase> cell = SelectCell.Rent(queue: null);
        Waiter<Nothing> loses = cell.Enter(limiter.AcquireCase(2));
        Waiter<Nothing> wins = cell.Enter(notify.NotifiedCase());
        notify.NotifyOne();
        Assert.Same(wins, await cell.AsValueTask());
        _clock.Advance(s_second);
        loses.Lose();
        wins.TakeWon();
        Assert.True(limiter.TryAcquire(2));

        cell = SelectCell.Rent(queue: null);
        wins = cell.Enter(limiter.AcquireCase());
        ValueTask<WaiterBase> select = cell.AsValueTask();
        Assert.False(select.IsCompleted);
        _clock.Advance(s_second);
        Assert.Same(wins, await select);
        wins.TakeWon();
        Assert.True(limiter.TryAcquire());
        Assert.False(limiter.TryAcquire());
    });

    [Fact]
    public void When_nobody_has_to_wait_it_allocates_nothing()
    {
        RateLimiter limiter = RateLimiter.TokenBucket(int.MaxValue, s_second);
        using var source = new CancellationTokenSource();
        CancellationToken token = source.Token;
        Warm.AllocatesNothing(() => limiter.AcquireAsync(token).GetAwaiter().GetResult());
    }
}
