namespace Treeline.Tests.Time;

/// <summary>The wheel with its alarm, on a clock by hand: nobody is early or forgotten, and the alarm moves only forwards.</summary>
public sealed class TimerShardTests
{
    private static readonly TimeSpan s_millisecond = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_tick = TimeSpan.FromTicks(1);

    private readonly ManualTimeProvider _clock = new();
    private readonly TimerShard _shard;
    private readonly List<string> _called = [];

    public TimerShardTests() => _shard = new TimerShard(_clock, new InPlace());

    [Fact]
    public void A_timer_is_called_in_the_tick_after_its_deadline_and_never_before()
    {
        _clock.Advance(0.3 * s_millisecond); // ticks of the wheel and of the clock need not agree
        Set("a", 20.2 * s_millisecond);
        _clock.Advance((20.2 * s_millisecond) - s_tick);
        Assert.Empty(_called);
        _clock.Advance(s_millisecond);
        Assert.Equal(["a"], _called);
        Assert.Equal(0, _clock.Pending);
    }

    [Fact]
    public void They_come_in_the_order_of_their_deadlines()
    {
        int[] times = [500, 3, 70, 1_000_000, 4, 5_000, 2];
        foreach (int time in times)
        {
            Set($"{time}", time * s_millisecond);
        }

        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(times.Order().Select(static time => $"{time}"), _called);
        Assert.Equal(0, _shard.Count);
    }

    [Fact]
    public void A_later_timer_does_not_move_the_alarm_and_an_earlier_does()
    {
        Set("a", 50 * s_millisecond);
        DateTimeOffset? alarm = _clock.NextDue;
        Set("b", 60 * s_millisecond);
        Assert.Equal(alarm, _clock.NextDue);
        Set("c", 40 * s_millisecond);
        Assert.True(_clock.NextDue < alarm);
    }

    [Fact]
    public void Taking_one_away_leaves_the_alarm_which_then_rings_once_for_nothing()
    {
        Entry timer = Set("a", 50 * s_millisecond);
        _shard.Remove(timer);
        Assert.Equal(1, _clock.Pending);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(_called);
        Assert.Equal(0, _clock.Pending);
    }

    [Fact]
    public void Set_again_it_comes_at_the_new_time_only()
    {
        Entry timer = Set("a", 50 * s_millisecond);
        Set(timer, 5 * s_millisecond);
        _clock.Advance(6 * s_millisecond);
        Assert.Equal(["a"], _called);
        Set(timer, 5 * s_millisecond);
        Set(timer, 50 * s_millisecond);
        _clock.Advance(49 * s_millisecond);
        Assert.Single(_called);
        _clock.Advance(2 * s_millisecond);
        Assert.Equal(["a", "a"], _called);
    }

    [Fact]
    public void One_set_for_a_past_time_comes_at_once()
    {
        Set("a", TimeSpan.FromSeconds(-1));
        _clock.Advance(s_millisecond);
        Assert.Equal(["a"], _called);
    }

    [Fact]
    public void One_that_is_called_may_set_itself_and_others()
    {
        Entry? self = null;
        self = new Entry(() =>
        {
            _called.Add("again");
            if (_called.Count < 4)
            {
                Set(self!, s_millisecond);
            }
        });
        Set(self, s_millisecond);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(4, _called.Count);
    }

    [Fact]
    public void More_than_one_look_takes_are_all_called()
    {
        for (int i = 0; i < 10_000; i++)
        {
            Set($"{i}", 5_000 * s_millisecond);
        }

        _clock.Advance(5_001 * s_millisecond);
        Assert.Equal(10_000, _called.Count);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, _clock.Pending);
    }

    [Fact]
    public void While_one_blocks_the_others_are_called_after_a_moment()
    {
        using var go = new ManualResetEventSlim();
        var clock = new ManualTimeProvider();
        using var blocks = new CountdownEvent(1);
        using var others = new CountdownEvent(10);
        var shard = new TimerShard(clock, Executor.ThreadPool);
        SetIn(shard, clock, new Entry(() =>
        {
            blocks.Signal();
            go.Wait();
        }));
        for (int i = 0; i < 10; i++)
        {
            SetIn(shard, clock, new Entry(() => others.Signal()));
        }

        clock.Advance(2 * s_millisecond);
        Assert.True(blocks.Wait(TimeSpan.FromSeconds(30)));
        clock.Advance(50 * s_millisecond);
        Assert.True(others.Wait(TimeSpan.FromSeconds(30)), "They wait for the one that blocks.");
        go.Set();
    }

    [Fact]
    public void An_alarm_that_rings_too_early_is_set_again()
    {
        var clock = new HastyClock(_clock);
        var shard = new TimerShard(clock, new InPlace());
        SetIn(shard, _clock, new Entry(() => _called.Add("a")), 100 * s_millisecond);
        _clock.Advance(99 * s_millisecond);
        Assert.Empty(_called);
        Assert.True(clock.Rang > 1);
        _clock.Advance(2 * s_millisecond);
        Assert.Equal(["a"], _called);
    }

    [Fact]
    public void The_longest_time_there_is_is_no_error()
    {
        Set("never", TimeSpan.MaxValue);
        _clock.Advance(TimeSpan.FromDays(1_000));
        Assert.Empty(_called);
        Set("soon", s_millisecond);
        _clock.Advance(2 * s_millisecond);
        Assert.Equal(["soon"], _called);
    }

    [Fact]
    public async Task On_the_systems_clock_with_many_threads_each_comes_once_and_none_early()
    {
        const int threads = 4;
        const int each = 500;
        int seed = Environment.TickCount;
        var shard = new TimerShard(TimeProvider.System, Executor.ThreadPool);
        using var all = new CountdownEvent(threads * each);
        int early = 0;
        int twice = 0;
        int removed = 0;
        await Task.WhenAll(Enumerable.Range(0, threads).Select(thread => Task.Run(() =>
        {
            var random = new Random(seed + thread);
            for (int i = 0; i < each; i++)
            {
                long now = TimeProvider.System.GetTimestamp();
                long deadline = TimeProvider.System.After(now, TimeSpan.FromMilliseconds(random.NextDouble() * 100));
                int calls = 0;
                var timer = new Entry(() =>
                {
                    if (TimeProvider.System.GetTimestamp() < deadline)
                    {
                        Interlocked.Increment(ref early);
                    }

                    if (Interlocked.Increment(ref calls) > 1)
                    {
                        Interlocked.Increment(ref twice);
                    }

                    all.Signal();
                });
                shard.Set(timer, now, deadline);
                var passing = new Entry(() => Interlocked.Increment(ref removed));
                shard.Set(passing, now, TimeProvider.System.After(now, TimeSpan.FromMinutes(1)));
                shard.Remove(passing);
            }
        })));
        Assert.True(all.Wait(TimeSpan.FromSeconds(30)), $"Seed {seed}: {all.CurrentCount} were forgotten.");
        Assert.True((early, twice, removed) == (0, 0, 0), $"Seed {seed}: {early} early, {twice} twice, {removed} after they were taken away.");
        Assert.Equal(0, shard.Count);
    }

    private Entry Set(string name, TimeSpan time)
    {
        var timer = new Entry(() => _called.Add(name));
        Set(timer, time);
        return timer;
    }

    private void Set(Entry timer, TimeSpan time) => SetIn(_shard, _clock, timer, time);

    private static void SetIn(TimerShard shard, ManualTimeProvider clock, Entry timer, TimeSpan? time = null)
    {
        long now = clock.GetTimestamp();
        shard.Set(timer, now, time == TimeSpan.MaxValue ? long.MaxValue : now + (time ?? s_millisecond).Ticks);
    }

    private sealed class Entry(Action call) : WheelTimer
    {
        public override void OnDue() => call();
    }

    /// <summary>Runs work one after the other, as a worker does, right where it is scheduled.</summary>
    private sealed class InPlace : Executor
    {
        private readonly Queue<IThreadPoolWorkItem> _queue = new();
        private bool _running;

        public override void Schedule(IThreadPoolWorkItem work)
        {
            _queue.Enqueue(work);
            if (!_running)
            {
                _running = true;
                while (_queue.TryDequeue(out IThreadPoolWorkItem? next))
                {
                    next.Execute();
                }

                _running = false;
            }
        }
    }

    /// <summary>Its timers fire when half their time is over.</summary>
    private sealed class HastyClock(ManualTimeProvider inner) : TimeProvider
    {
        public int Rang { get; private set; }

        public override long TimestampFrequency => inner.TimestampFrequency;

        public override long GetTimestamp() => inner.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new HastyTimer(inner.CreateTimer(
                state =>
                {
                    Rang++;
                    callback(state);
                },
                state,
                dueTime,
                period));

        private sealed class HastyTimer(ITimer inner) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => inner.Change(dueTime > s_millisecond ? dueTime / 2 : dueTime, period);

            public void Dispose() => inner.Dispose();

            public ValueTask DisposeAsync() => inner.DisposeAsync();
        }
    }
}
