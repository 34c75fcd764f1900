namespace Treeline.Tests;

public sealed class AlarmClockTests
{
    private static readonly long s_second = TimeProvider.System.TimestampFrequency;

    private readonly AlarmClock _clock = new();
    private readonly List<string> _rung = [];

    [Fact]
    public void An_alarm_rings_once_when_it_is_due_and_not_before()
    {
        ITimer alarm = Make("a");
        alarm.Change(TimeSpan.FromSeconds(10), Timeout.InfiniteTimeSpan);
        long now = _clock.GetTimestamp();
        Assert.False(_clock.IsDue(now));
        _clock.Ring(now);
        Assert.Empty(_rung);
        Assert.True(_clock.IsDue(now + (11 * s_second)));
        _clock.Ring(now + (11 * s_second));
        _clock.Ring(now + (12 * s_second));
        Assert.Equal(["a"], _rung);
    }

    [Fact]
    public void All_that_are_due_ring_and_the_rest_stays_set()
    {
        ITimer first = Make("first");
        ITimer second = Make("second");
        ITimer third = Make("third");
        first.Change(TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        second.Change(TimeSpan.FromSeconds(2), Timeout.InfiniteTimeSpan);
        third.Change(TimeSpan.FromSeconds(30), Timeout.InfiniteTimeSpan);
        long now = _clock.GetTimestamp();
        _clock.Ring(now + (5 * s_second));
        Assert.Equal(["first", "second"], _rung);
        Assert.False(_clock.IsDue(now + (5 * s_second)));
        Assert.True(_clock.IsDue(now + (31 * s_second)));
    }

    [Fact]
    public void Whoever_sleeps_sleeps_until_the_next_alarm_at_most()
    {
        using var driver = new ScriptedDriver();
        Assert.Equal(long.MaxValue, _clock.Sleep(long.MaxValue, driver));
        _clock.WakeUp();
        Make("a").Change(TimeSpan.FromSeconds(10), Timeout.InfiniteTimeSpan);
        long now = _clock.GetTimestamp();
        Assert.InRange(_clock.Sleep(long.MaxValue, driver), now, now + (10 * s_second));
        _clock.WakeUp();
        Assert.Equal(now, _clock.Sleep(now, driver));
        Assert.Equal(0, driver.Wakes);
    }

    [Fact]
    public void Only_an_alarm_that_is_earlier_wakes_who_sleeps()
    {
        using var driver = new ScriptedDriver();
        ITimer alarm = Make("a");
        alarm.Change(TimeSpan.FromSeconds(10), Timeout.InfiniteTimeSpan);
        _clock.Sleep(long.MaxValue, driver);
        Make("later").Change(TimeSpan.FromSeconds(20), Timeout.InfiniteTimeSpan);
        Assert.Equal(0, driver.Wakes);
        Make("earlier").Change(TimeSpan.FromSeconds(5), Timeout.InfiniteTimeSpan);
        Assert.Equal(1, driver.Wakes);
        _clock.WakeUp();
        Make("nobody sleeps").Change(TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        Assert.Equal(1, driver.Wakes);
    }

    [Fact]
    public void What_is_disposed_of_or_set_to_never_does_not_ring()
    {
        ITimer gone = Make("gone");
        ITimer never = Make("never");
        gone.Change(TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        never.Change(TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        gone.Dispose();
        never.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _clock.Ring(_clock.GetTimestamp() + (5 * s_second));
        Assert.Empty(_rung);
    }

    private ITimer Make(string name) =>
        _clock.CreateTimer(_ => _rung.Add(name), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
}
