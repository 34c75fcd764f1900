namespace Treeline.Testing.Tests.Time;

public sealed class VirtualTimeTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly VirtualTime _time = new();
    private readonly List<string> _fired = [];

    [Fact]
    public void It_stands_still_until_it_is_moved()
    {
        var start = new DateTimeOffset(2031, 5, 6, 7, 8, 9, TimeSpan.FromHours(2));
        var time = new VirtualTime(start);
        Assert.Equal(start, time.GetUtcNow());
        Assert.Equal(TimeSpan.Zero, time.GetUtcNow().Offset);
        Assert.Equal(TimeSpan.Zero, time.GetLocalNow().Offset);
        long before = time.GetTimestamp();
        time.Advance(s_second);
        Assert.Equal(start + s_second, time.GetUtcNow());
        Assert.Equal(s_second, time.GetElapsedTime(before));
        time.AdvanceTo(start + (2 * s_second));
        Assert.Equal(2 * s_second, time.Elapsed);
    }

    [Fact]
    public void It_goes_forward_only_and_not_beyond_the_end_of_time()
    {
        _time.Advance(s_second);
        Assert.Throws<ArgumentOutOfRangeException>(() => _time.Advance(-s_second));
        Assert.Throws<ArgumentOutOfRangeException>(() => _time.Advance(TimeSpan.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => _time.AdvanceTo(_time.GetUtcNow() - s_second));
        _time.AdvanceTo(_time.GetUtcNow());
        _time.AdvanceTo(DateTimeOffset.MaxValue);
        using ITimer beyond = Timer("beyond", s_second);
        Assert.False(_time.JumpToNextTimer());
    }

    [Fact]
    public void Timers_fire_in_the_order_of_their_times_each_at_its_own()
    {
        Timer("two", 2 * s_second);
        Timer("one", s_second);
        Timer("a half", s_second / 2);
        Timer("three", 3 * s_second);
        _time.Advance(2 * s_second);
        Assert.Equal(["a half at 0.5", "one at 1", "two at 2"], _fired);
        Assert.Equal(1, _time.PendingTimers);
    }

    [Fact]
    public void Of_timers_with_the_same_time_the_one_that_was_set_first_fires_first()
    {
        ITimer first = Timer("a", s_second);
        Timer("b", s_second);
        Timer("c", s_second);
        first.Change(s_second, Timeout.InfiniteTimeSpan);
        _time.Advance(s_second);
        Assert.Equal(["b at 1", "c at 1", "a at 1"], _fired);
    }

    [Fact]
    public void A_timer_that_is_due_at_once_fires_when_the_clock_is_next_moved_if_only_by_nothing()
    {
        Timer("now", TimeSpan.Zero);
        Assert.Empty(_fired);
        _time.Advance(TimeSpan.Zero);
        Assert.Equal(["now at 0"], _fired);
    }

    [Fact]
    public void A_timer_that_is_not_set_never_fires()
    {
        ITimer timer = Timer("never", Timeout.InfiniteTimeSpan);
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Empty(_fired);
        Assert.True(timer.Change(s_second, Timeout.InfiniteTimeSpan));
        timer.Change(Timeout.InfiniteTimeSpan, s_second);
        Assert.Equal(0, _time.PendingTimers);
        Assert.False(_time.JumpToNextTimer());
    }

    [Fact]
    public void A_periodic_timer_fires_at_each_of_its_times()
    {
        ITimer timer = Timer("tick", s_second, 2 * s_second);
        _time.Advance(TimeSpan.FromSeconds(5.5));
        Assert.Equal(["tick at 1", "tick at 3", "tick at 5"], _fired);
        timer.Dispose();
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(3, _fired.Count);
    }

    [Fact]
    public void A_disposed_timer_cannot_be_set()
    {
        ITimer timer = Timer("gone", s_second);
        timer.Dispose();
        timer.Dispose();
        Assert.False(timer.Change(s_second, s_second));
        _time.Advance(s_second);
        Assert.Empty(_fired);
    }

    [Fact]
    public void A_callback_may_dispose_and_set_timers_and_move_the_clock()
    {
        ITimer? victim = null;
        ITimer? again = null;
        _time.CreateTimer(_ => victim!.Dispose(), null, s_second, Timeout.InfiniteTimeSpan);
        victim = Timer("victim", s_second);
        again = _time.CreateTimer(
            _ =>
            {
                Note("again");
                if (_fired.Count < 3)
                {
                    again!.Change(s_second, Timeout.InfiniteTimeSpan);
                }
                else
                {
                    _time.Advance(10 * s_second);
                }
            },
            null,
            2 * s_second,
            Timeout.InfiniteTimeSpan);
        Timer("late", TimeSpan.FromSeconds(4.5));
        _time.Advance(5 * s_second);
        Assert.Equal(["again at 2", "again at 3", "again at 4", "late at 4.5"], _fired);
        Assert.Equal(14 * s_second, _time.Elapsed);
    }

    [Fact]
    public void What_a_callback_throws_comes_out_and_the_others_are_still_set()
    {
        _time.CreateTimer(static _ => throw new InvalidTimeZoneException(), null, s_second, Timeout.InfiniteTimeSpan);
        Timer("next", s_second);
        Assert.Throws<InvalidTimeZoneException>(() => _time.Advance(2 * s_second));
        Assert.Equal(s_second, _time.Elapsed);
        _time.Advance(TimeSpan.Zero);
        Assert.Equal(["next at 1"], _fired);
    }

    [Fact]
    public void JumpToNextTimer_fires_all_of_the_next_instant_and_no_more()
    {
        Timer("a", s_second);
        Timer("b", s_second);
        Timer("c", 2 * s_second);
        Assert.True(_time.JumpToNextTimer());
        Assert.Equal(["a at 1", "b at 1"], _fired);
        Assert.True(_time.JumpToNextTimer());
        Assert.False(_time.JumpToNextTimer());
        Assert.Equal(2 * s_second, _time.Elapsed);
    }

    [Fact]
    public void A_callback_runs_in_the_context_in_which_its_timer_was_made()
    {
        var local = new AsyncLocal<string?> { Value = "maker" };
        var seen = new List<string?>();
        _time.CreateTimer(_ => seen.Add(local.Value), null, s_second, Timeout.InfiniteTimeSpan);
        using (ExecutionContext.SuppressFlow())
        {
            _time.CreateTimer(_ => seen.Add(local.Value), null, s_second, Timeout.InfiniteTimeSpan);
        }

        local.Value = "mover";
        _time.Advance(s_second);
        Assert.Equal(["maker", null], seen);
        Assert.Equal("mover", local.Value);
    }

    [Fact]
    public void Times_out_of_range_are_refused_as_by_the_systems_timers()
    {
        var tooLong = TimeSpan.FromMilliseconds(uint.MaxValue);
        TimerCallback nothing = static _ => { };
        Assert.Throws<ArgumentNullException>(() => _time.CreateTimer(null!, null, s_second, s_second));
        Assert.Throws<ArgumentOutOfRangeException>(() => _time.CreateTimer(nothing, null, tooLong, s_second));
        Assert.Throws<ArgumentOutOfRangeException>(() => _time.CreateTimer(nothing, null, s_second, tooLong));
        Assert.Throws<ArgumentOutOfRangeException>(() => _time.CreateTimer(nothing, null, -2 * s_second, s_second));
        using ITimer timer = _time.CreateTimer(nothing, null, s_second, s_second);
        Assert.Throws<ArgumentOutOfRangeException>(() => timer.Change(s_second, -2 * s_second));
    }

    [Fact]
    public async Task DisposeAsync_waits_for_a_callback_that_runs()
    {
        using var entered = new ManualResetEventSlim();
        using var leave = new ManualResetEventSlim();
        ITimer timer = _time.CreateTimer(
            _ =>
            {
                entered.Set();
                leave.Wait();
                Note("done");
            },
            null,
            s_second,
            Timeout.InfiniteTimeSpan);
        Task moving = Task.Run(() => _time.Advance(s_second));
        entered.Wait();
        Task disposing = timer.DisposeAsync().AsTask();
        Assert.False(disposing.IsCompleted);
        leave.Set();
        await disposing;
        Assert.Equal(["done at 1"], _fired);
        await moving;
        Assert.True(timer.DisposeAsync().AsTask().IsCompleted);
    }

    [Fact]
    public async Task All_that_takes_a_time_provider_can_be_tested_with_it()
    {
        Task delay = Task.Delay(s_second, _time);
        using var source = new CancellationTokenSource(2 * s_second, _time);
        Task limited = Task.Delay(Timeout.Infinite).WaitAsync(3 * s_second, _time);
        using var ticks = new PeriodicTimer(4 * s_second, _time);
        Task<bool> tick = ticks.WaitForNextTickAsync().AsTask();

        _time.Advance(s_second);
        Assert.True(delay.IsCompleted);
        Assert.False(source.IsCancellationRequested);
        _time.Advance(s_second);
        Assert.True(source.IsCancellationRequested);
        Assert.False(limited.IsCompleted);
        _time.Advance(s_second);
        await Assert.ThrowsAsync<TimeoutException>(() => limited);
        Assert.False(tick.IsCompleted);
        _time.Advance(s_second);
        Assert.True(await tick);
    }

    [Fact]
    public async Task Treelines_own_waits_take_it()
    {
        Waiter<Nothing> waiter = Waiter<Nothing>.Rent(null);
        waiter.LimitTo(_time, s_second);
        Task wait = waiter.AsVoidValueTask().AsTask();
        _time.Advance(s_second / 2);
        Assert.False(wait.IsCompleted);
        _time.Advance(s_second / 2);
        await Assert.ThrowsAsync<TimeoutException>(() => wait);

        Task scope = TaskScope.RunAsync(
            static scope => scope.Spawn(static ct => Task.Delay(Timeout.Infinite, ct)).AsTask(),
            new ScopeOptions { Timeout = s_second, TimeProvider = _time });
        _time.Advance(s_second);
        await Assert.ThrowsAsync<TimeoutException>(() => scope);
    }

    [Fact]
    public async Task Threads_may_set_and_dispose_of_timers_while_the_clock_is_moved()
    {
        int seed = Random.Shared.Next();
        int late = 0;
        int fired = 0;
        using var stop = new CancellationTokenSource();
        Task moving = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                _time.Advance(TimeSpan.FromMilliseconds(1));
            }
        });
        await Task.WhenAll(Enumerable.Range(0, 3).Select(number => Task.Run(async () =>
        {
            var random = new Random(seed + number);
            for (int i = 0; i < 2_000; i++)
            {
                bool gone = false;
                int period = random.Next(2);
                ITimer timer = _time.CreateTimer(
                    _ =>
                    {
                        Interlocked.Increment(ref fired);
                        if (Volatile.Read(ref gone))
                        {
                            Interlocked.Increment(ref late);
                        }
                    },
                    null,
                    TimeSpan.FromMilliseconds(random.Next(3)),
                    TimeSpan.FromMilliseconds(period));
                Thread.SpinWait(random.Next(300));
                timer.Change(TimeSpan.FromMilliseconds(random.Next(3)), TimeSpan.FromMilliseconds(period));
                Thread.SpinWait(random.Next(300));
                await timer.DisposeAsync();
                Volatile.Write(ref gone, true);
            }
        })));
        await stop.CancelAsync();
        await moving;
        Assert.True(late == 0, $"Seed {seed}: {late} callbacks ran after their timer had been disposed of.");
        Assert.NotEqual(0, fired);
        Assert.Equal(0, _time.PendingTimers);
    }

    private ITimer Timer(string name, TimeSpan due, TimeSpan? period = null) =>
        _time.CreateTimer(_ => Note(name), null, due, period ?? Timeout.InfiniteTimeSpan);

    private void Note(string what) => _fired.Add(FormattableString.Invariant($"{what} at {_time.Elapsed.TotalSeconds}"));
}
