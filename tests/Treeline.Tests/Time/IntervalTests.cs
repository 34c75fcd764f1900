// Waits are looked at before they are awaited.
#pragma warning disable CA2012, xUnit1031

using Treeline.Tests.Execution.Waiting;

namespace Treeline.Tests.Time;

public sealed class IntervalTests : TreeTest
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public Task It_ticks_after_each_period() => InTime(async () =>
    {
        Interval interval = New();
        Assert.Equal(s_second, interval.Period);
        for (int i = 0; i < 3; i++)
        {
            ValueTask tick = interval.TickAsync();
            _clock.Advance(s_second - TimeSpan.FromTicks(1));
            Assert.False(tick.IsCompleted);
            _clock.Advance(TimeSpan.FromTicks(1));
            await tick;
            Assert.Equal(0, _clock.Pending);
        }
    });

    [Fact]
    public Task A_tick_that_is_due_is_taken_at_once() => InTime(async () =>
    {
        Interval interval = New();
        _clock.Advance(1.5 * s_second);
        Assert.True(interval.TickAsync().IsCompletedSuccessfully);
        ValueTask next = interval.TickAsync();
        _clock.Advance(0.5 * s_second); // at two, as if the first had been in time
        Assert.True(next.IsCompleted);
        await next;
    });

    [Theory]
    [InlineData(MissedTicks.Burst, "3.5 3.5 3.5 4 5")]
    [InlineData(MissedTicks.Delay, "3.5 4.5 5.5 6.5 7.5")]
    [InlineData(MissedTicks.Skip, "3.5 4 5 6 7")]
    public Task Missed_ticks_are_made_up_for_as_the_policy_says(MissedTicks policy, string times) => InTime(async () =>
    {
        DateTimeOffset start = _clock.GetUtcNow();
        Interval interval = New(policy);
        _clock.Advance(3.5 * s_second);
        var taken = new List<string>();
        for (int i = 0; i < 5; i++)
        {
            ValueTask tick = interval.TickAsync();
            while (!tick.IsCompleted)
            {
                _clock.Advance(0.5 * s_second);
            }

            await tick;
            taken.Add(FormattableString.Invariant($"{(_clock.GetUtcNow() - start).TotalSeconds}"));
        }

        Assert.Equal(times, string.Join(' ', taken));
    });

    [Theory]
    [InlineData(MissedTicks.Burst)]
    [InlineData(MissedTicks.Delay)]
    [InlineData(MissedTicks.Skip)]
    public Task A_timer_that_is_a_little_late_moves_no_tick(MissedTicks policy) => InTime(async () =>
    {
        DateTimeOffset start = _clock.GetUtcNow();
        Interval interval = New(policy);
        _clock.Advance(s_second + TimeSpan.FromMilliseconds(4));
        await interval.TickAsync();
        ValueTask next = interval.TickAsync();
        Assert.Equal(start + (2 * s_second), _clock.NextDue);
        _clock.Advance(s_second);
        await next;
    });

    [Fact]
    public Task A_cancelled_tick_was_not_taken() => InTime(async () =>
    {
        Interval interval = New();
        using var source = new CancellationTokenSource();
        ValueTask tick = interval.TickAsync(source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await tick);
        Assert.Equal(0, _clock.Pending);
        _clock.Advance(s_second);
        ValueTask cancelled = interval.TickAsync(source.Token);
        Assert.True(cancelled.IsCanceled);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await cancelled);
        Assert.True(interval.TickAsync().IsCompletedSuccessfully);
    });

    [Fact]
    public Task Cancelled_as_it_ticks_the_tick_is_taken_or_left_for_the_next() => InTime(async () =>
    {
        int taken = 0;
        var interval = new Interval(TimeSpan.FromMilliseconds(1), MissedTicks.Burst, TimeProvider.System);
        long begin = TimeProvider.System.GetTimestamp();
        for (int i = 0; i < 200; i++)
        {
            using var source = new CancellationTokenSource();
            ValueTask tick = interval.TickAsync(source.Token);
            Task cancel = Task.Run(source.Cancel);
            try
            {
                await tick;
                taken++;
            }
            catch (OperationCanceledException)
            {
                // It is there for the next.
            }

            await cancel;
        }

        int periods = (int)TimeProvider.System.GetElapsedTime(begin).TotalMilliseconds;
        Assert.True(taken <= periods, $"{taken} ticks in {periods} periods.");
    });

    [Fact]
    public Task A_second_one_who_waits_is_refused() => InTime(async () =>
    {
        Interval interval = New();
        ValueTask tick = interval.TickAsync();
        Assert.Throws<InvalidOperationException>(() => { _ = interval.TickAsync(); });
        _clock.Advance(s_second);
        await tick;
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await tick); // used up
        tick = interval.TickAsync();
        _clock.Advance(s_second);
        await tick;
    });

    [Fact]
    public Task The_clock_is_the_enclosing_scopes() => InTime(async () =>
    {
        await TaskScope.RunAsync(
            async scope =>
            {
                ValueTask tick = new Interval(s_second).TickAsync(scope.Token);
                Assert.Equal(1, _clock.Pending);
                _clock.Advance(s_second);
                await tick;
            },
            new ScopeOptions { TimeProvider = _clock });
    });

    [Fact]
    public void Wrong_periods_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Interval(TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Interval(Timeout.InfiniteTimeSpan));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Interval(TimeSpan.FromTicks(1), timeProvider: new CoarseClock()));
    }

    [Fact]
    public Task As_a_case_of_a_select_a_tick_that_lost_is_still_there() => InTime(async () =>
    {
        var mailbox = new Mailbox();
        Interval interval = New();
        Select<string> select = new Select<string>()
            .On(interval.TickCase(), static () => "tick")
            .On(mailbox.Case(), static item => $"{item}");
        ValueTask<string> wait = select.WaitAsync();
        mailbox.Send(1);
        Assert.Equal("1", await wait);
        wait = select.WaitAsync();
        _clock.Advance(s_second);
        Assert.Equal("tick", await wait);
        wait = select.WaitAsync();
        Assert.False(wait.IsCompleted);
        _clock.Advance(s_second);
        Assert.Equal("tick", await wait);
    });

    [Fact]
    public void Warm_it_allocates_nothing()
    {
        using OnAWorker _ = OnAWorker.Enter();
        var interval = new Interval(TimeSpan.FromTicks(2_000), MissedTicks.Delay, TimeProvider.System);
        long least = long.MaxValue;
        for (int round = 0; round < 10 && least > 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 50; i++)
            {
                ValueTask tick = interval.TickAsync();
                while (!tick.IsCompleted)
                {
                    Thread.Yield();
                }

                tick.GetAwaiter().GetResult();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    private Interval New(MissedTicks policy = MissedTicks.Burst) => new(s_second, policy, _clock);

    private sealed class CoarseClock : TimeProvider
    {
        public override long TimestampFrequency => 1000;
    }
}
