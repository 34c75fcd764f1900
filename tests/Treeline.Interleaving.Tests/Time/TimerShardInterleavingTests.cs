using Treeline.Interleaving.Waiting;
using Xunit.Abstractions;

namespace Treeline.Interleaving.Time;

/// <summary>
/// The alarm of a wheel under every order of the steps of up to three actors. Each schedule is checked for: no timer
/// forgotten, none called twice, none early, none called that was taken away before its time.
/// </summary>
public sealed class TimerShardInterleavingTests(ITestOutputHelper output)
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Two_that_are_set_at_once() => Explore(["1 1 1"], static scenario =>
    {
        var clock = new SteppedClock(shard: true);
        Timer[] timers = [new(clock), new(clock), new(clock)];
        timers[2].Set(60 * s_second);
        scenario.Actor("one", () => timers[0].Set(s_second));
        scenario.Actor("other", () => timers[1].Set(2 * s_second));
        NoneIsForgotten(scenario, clock, timers);
    });

    [Fact]
    public void An_earlier_one_that_is_set_while_the_alarm_rings() => Explore(["1 1 1"], static scenario =>
    {
        var clock = new SteppedClock(shard: true);
        Timer[] timers = [new(clock), new(clock), new(clock)];
        timers[0].Set(2 * s_second);
        timers[1].Set(60 * s_second);
        scenario.Actor("setter", () => timers[2].Set(s_second));
        scenario.Actor("clock", () => clock.Advance(2 * s_second));
        NoneIsForgotten(scenario, clock, timers);
    });

    [Fact]
    public void The_alarm_rings_twice_at_once() => Explore(["1 1"], static scenario =>
    {
        var clock = new SteppedClock(shard: true);
        Timer[] timers = [new(clock), new(clock)];
        timers[0].Set(s_second);
        timers[1].Set(2 * s_second);
        scenario.Actor("clock", () => clock.Advance(s_second));
        scenario.Actor("hints", clock.Hint);
        NoneIsForgotten(scenario, clock, timers);
    });

    [Fact]
    public void One_that_is_taken_away_against_the_alarm() => Explore(["0 1", "1 1"], static scenario =>
    {
        var clock = new SteppedClock(shard: true);
        var one = new Timer(clock);
        var other = new Timer(clock);
        one.Set(s_second);
        other.Set(2 * s_second);
        scenario.Actor("remover", one.Remove);
        scenario.Actor("clock", () => clock.Advance(s_second));
        NoneIsForgotten(scenario, clock, one, other);
    });

    [Fact]
    public void One_that_is_taken_away_and_set_again_against_the_alarm() => Explore(["1", "2"], static scenario =>
    {
        var clock = new SteppedClock(shard: true);
        var timer = new Timer(clock);
        timer.Set(s_second);
        scenario.Actor("owner", () =>
        {
            timer.Remove();
            timer.Set(5 * s_second);
        });
        scenario.Actor("clock", () => clock.Advance(s_second));
        NoneIsForgotten(scenario, clock, timer);
    });

    [Fact]
    public void A_scopes_timer_that_is_set_against_its_end() => Explore([""], static scenario =>
    {
        var clock = new SteppedClock(shard: true);
        var timer = new ScopeTimer(clock, static _ => Exploration.Fail("It calls back."), scenario);
        timer.Set(s_second);
        scenario.Actor("setter", () => timer.Set(2 * s_second));
        scenario.Actor("end", timer.Dispose);
        scenario.Finally(() => Assert.Equal(0, clock.Shard!.Count));
    });

    private static void NoneIsForgotten(Scenario scenario, SteppedClock clock, params Timer[] timers) => scenario.Finally(() =>
    {
        // In steps: each time the alarm must have been set again, and for the earliest. It may ring too early, and then again.
        for (int i = 0; i < 100; i++)
        {
            clock.Advance(s_second);
            clock.Advance(TimeSpan.Zero);
            clock.Advance(TimeSpan.Zero);
            Assert.DoesNotContain(timers, static timer => timer.IsLate);
        }

        scenario.Outcome = string.Join(' ', timers.Select(static timer => timer.Calls));
        Assert.Equal(0, clock.Shard!.Count);
    });

    private void Explore(string[] outcomes, Action<Scenario> set)
    {
        Exploration exploration = Exploration.Run(() =>
        {
            var scenario = new Scenario();
            set(scenario);
            return scenario;
        });
        output.WriteLine($"{exploration.Schedules} schedules.");
        foreach ((string outcome, int count) in exploration.Outcomes)
        {
            output.WriteLine($"{outcome}: {count}");
        }

        Assert.Equal(outcomes, exploration.Outcomes.Keys);
    }

    private sealed class Timer(SteppedClock clock) : WheelTimer
    {
        private long _first;
        private long _last;

        public bool IsLate => IsSet && _last <= clock.GetTimestamp();

        public int Calls { get; private set; }

        public void Set(TimeSpan time)
        {
            long now = clock.GetTimestamp();
            long deadline = now + time.Ticks;
            _last = deadline;
            _first = _first == 0 ? deadline : Math.Min(_first, deadline);
            clock.Shard!.Set(this, now, deadline);
        }

        public void Remove() => clock.Shard!.Remove(this);

        public override void OnDue()
        {
            Interleave.Write(this, nameof(Calls));
            Calls++;
            if (clock.GetTimestamp() < _first)
            {
                Exploration.Fail("A timer is early.");
            }
        }
    }
}
