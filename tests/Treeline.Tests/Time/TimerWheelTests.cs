namespace Treeline.Tests.Time;

/// <summary>The wheel against a sorted list: every timer comes at its tick, none before, whatever its distance.</summary>
public sealed class TimerWheelTests
{
    private const int Steps = 64;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(262_144)]
    [InlineData(1L << 30)]
    [InlineData((1L << 36) - 1)]
    [InlineData(1L << 36)]
    [InlineData(1L << 40)]
    public void A_timer_is_due_at_its_tick_and_not_before(long distance)
    {
        foreach (long start in new long[] { 0, 1, 63, 64, 4_095, 4_097, (1L << 36) - 1 })
        {
            var wheel = new TimerWheel();
            var timer = new Entry();
            wheel.Add(timer, start + distance, now: start);
            Assert.Equal(distance == 0 ? timer : null, Take(wheel, start + Math.Max(distance - 1, 0)));
            if (distance > 0)
            {
                Assert.True(wheel.Next <= start + distance, $"Nothing is to be done before {wheel.Next}.");
                Assert.Same(timer, Take(wheel, start + distance));
            }

            Assert.False(timer.IsSet);
            Assert.Equal(0, wheel.Count);
            Assert.Equal(TimerWheel.Never, wheel.Next);
        }
    }

    [Fact]
    public void What_is_overdue_is_due_at_once()
    {
        var wheel = new TimerWheel();
        Assert.Null(Take(wheel, 1_000));
        var late = new Entry();
        wheel.Add(new Entry(), 5_000, now: 1_000);
        wheel.Add(late, 10, now: 1_000);
        Assert.Equal(1_000, wheel.Next);
        Assert.Same(late, Take(wheel, 1_000));
        Assert.Null(Take(wheel, 1_000));
    }

    [Fact]
    public void One_that_was_taken_away_does_not_come_and_can_be_set_again()
    {
        var wheel = new TimerWheel();
        Entry[] timers = [.. Enumerable.Range(0, 3).Select(static _ => new Entry())];
        foreach (Entry timer in timers)
        {
            wheel.Add(timer, 100, now: 0); // one slot: first, middle and last of a ring
        }

        wheel.Remove(timers[1]);
        wheel.Remove(timers[1]);
        Assert.False(timers[1].IsSet);
        wheel.Add(timers[1], 50, now: 0);
        Assert.Same(timers[1], Take(wheel, 99));
        wheel.Remove(timers[0]);
        Assert.Same(timers[2], Take(wheel, 100));
        Assert.Null(Take(wheel, 100));
    }

    [Fact]
    public void Steps_bound_what_one_call_does_and_nothing_is_left_out()
    {
        var wheel = new TimerWheel();
        Entry[] timers = [.. Enumerable.Range(0, 1_000).Select(static _ => new Entry())];
        foreach (Entry timer in timers)
        {
            wheel.Add(timer, 5_000, now: 0);
        }

        var taken = new List<WheelTimer>();
        int calls = 0;
        while (taken.Count < 900)
        {
            calls++;
            if (wheel.TakeDue(5_000, 2, out bool unfinished) is { } due)
            {
                taken.Add(due);
            }
            else
            {
                Assert.True(unfinished);
                wheel.Remove(timers[999]); // while they are being sorted in
            }
        }

        Assert.True(calls > 1_500, $"{calls} calls.");
        for (WheelTimer? due; (due = Take(wheel, 5_000)) is not null;)
        {
            taken.Add(due);
        }

        Assert.Equal(999, taken.Distinct().Count());
        Assert.DoesNotContain(timers[999], taken);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void It_does_what_a_sorted_list_would_do(int seed)
    {
        var random = new Random(seed);
        var wheel = new TimerWheel();
        Entry[] timers = [.. Enumerable.Range(0, 200).Select(static _ => new Entry())];
        var model = new Dictionary<WheelTimer, long>();
        long now = 0;
        for (int i = 0; i < 20_000; i++)
        {
            Entry timer = timers[random.Next(timers.Length)];
            switch (random.Next(3))
            {
                case 0 when !timer.IsSet:
                    long tick = now + (random.Next(10) == 0 ? -random.Next(100) : (long)Math.Pow(2, random.NextDouble() * 40));
                    wheel.Add(timer, tick, now);
                    model.Add(timer, tick);
                    break;
                case 1:
                    wheel.Remove(timer);
                    model.Remove(timer);
                    break;
                default:
                    now += (long)Math.Pow(2, random.NextDouble() * (random.Next(20) == 0 ? 38 : 12));
                    Assert.True(
                        model.Count == 0 || wheel.Next <= Math.Max(model.Values.Min(), now), $"Seed {seed}, step {i}: too late.");
                    long last = long.MinValue;
                    while (Take(wheel, now) is { } due)
                    {
                        Assert.True(model.Remove(due, out long of) && of <= now, $"Seed {seed}, step {i}: not due.");
                        Assert.True(of >= last || of < now, $"Seed {seed}, step {i}: out of order.");
                        last = of;
                    }

                    Assert.False(model.Values.Any(left => left <= now), $"Seed {seed}, step {i}: one is left.");
                    break;
            }

            Assert.Equal(model.Count, wheel.Count);
        }
    }

    /// <summary>However many calls it takes.</summary>
    private static WheelTimer? Take(TimerWheel wheel, long now)
    {
        WheelTimer? due;
        bool unfinished;
        do
        {
            due = wheel.TakeDue(now, Steps, out unfinished);
        }
        while (unfinished);
        return due;
    }

    private sealed class Entry : WheelTimer
    {
        public override void OnDue() => throw new InvalidOperationException("The wheel calls nobody.");
    }
}
