namespace Treeline.Tests.Cancellation;

/// <summary>The timer behind deadlines, grace and patience: it can be moved while it runs, and calls back once.</summary>
public sealed class ScopeTimerTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _clock = new();
    private int _calls;

    [Fact]
    public void It_calls_back_once_when_the_time_has_come()
    {
        using ScopeTimer timer = NewTimer();
        timer.Set(s_second);
        _clock.Advance(s_second - TimeSpan.FromTicks(1));
        Assert.Equal(0, _calls);
        _clock.Advance(10 * s_second);
        Assert.Equal(1, _calls);
    }

    [Fact]
    public void The_time_can_be_moved_both_ways()
    {
        using ScopeTimer timer = NewTimer();
        timer.Set(2 * s_second);
        timer.Set(s_second);
        _clock.Advance(s_second);
        Assert.Equal(1, _calls);
        timer.Set(s_second);
        timer.Set(3 * s_second);
        _clock.Advance(2 * s_second);
        Assert.Equal(1, _calls);
        _clock.Advance(s_second);
        Assert.Equal(2, _calls);
    }

    [Fact]
    public void Sooner_counts_and_later_does_not()
    {
        using ScopeTimer timer = NewTimer();
        timer.SetIfSooner(2 * s_second);
        timer.SetIfSooner(3 * s_second);
        timer.SetIfSooner(s_second);
        _clock.Advance(s_second);
        Assert.Equal(1, _calls);
    }

    [Fact]
    public void Cleared_or_disposed_it_calls_back_no_more()
    {
        ScopeTimer timer = NewTimer();
        timer.Set(s_second);
        timer.Clear();
        _clock.Advance(2 * s_second);
        timer.Set(s_second);
        timer.Dispose();
        _clock.Advance(2 * s_second);
        Assert.Equal(0, _calls);
        Assert.Equal(0, _clock.Pending);
    }

    [Fact]
    public void Times_longer_than_a_timer_can_wait_come_in_steps()
    {
        using ScopeTimer timer = NewTimer();
        timer.Set(TimeSpan.FromDays(100));
        _clock.Advance(TimeSpan.FromDays(100) - TimeSpan.FromTicks(1));
        Assert.Equal(0, _calls);
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(1, _calls);
        timer.Set(TimeSpan.MaxValue);
        _clock.Advance(TimeSpan.FromDays(10_000));
        Assert.Equal(1, _calls);
    }

    [Fact]
    public void On_the_clock_of_the_system_it_is_not_early()
    {
        using var called = new ManualResetEventSlim();
        long begin = TimeProvider.System.GetTimestamp();
        TimeSpan after = TimeSpan.Zero;
        using var timer = new ScopeTimer(TimeProvider.System, _ =>
        {
            after = TimeProvider.System.GetElapsedTime(begin);
            called.Set();
        }, this);
        timer.Set(TimeSpan.FromMilliseconds(20.5));
        Assert.True(called.Wait(TimeSpan.FromSeconds(30)));
        Assert.True(after >= TimeSpan.FromMilliseconds(20.5), $"It came after {after}.");
    }

    [Fact]
    public void Moved_by_many_threads_at_once_it_comes_at_the_last_time_set()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            _calls = 0;
            using ScopeTimer timer = NewTimer();
            Parallel.For(0, 4, i =>
            {
                var random = new Random((seed * 31) + i);
                for (int n = 0; n < 20; n++)
                {
                    timer.Set(TimeSpan.FromSeconds(random.Next(100, 200)));
                }
            });
            timer.Set(50 * s_second);
            _clock.Advance(50 * s_second);
            Assert.True(_calls == 1, $"Seed {seed}: {_calls} calls.");
        }
    }

    private ScopeTimer NewTimer() => new(_clock, static tests => Interlocked.Increment(ref ((ScopeTimerTests)tests)._calls), this);
}
