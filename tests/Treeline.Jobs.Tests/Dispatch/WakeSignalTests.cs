namespace Treeline.Jobs.Tests;

public sealed class WakeSignalTests
{
    private readonly ManualTimeProvider _clock = new();
    private readonly WakeSignal _signal = new();

    [Fact]
    public async Task Setting_wakes_the_sleeper()
    {
        Task sleep = _signal.SleepAsync(TimeSpan.FromDays(1), _clock);
        Assert.False(sleep.IsCompleted);

        _signal.Set();

        await sleep.WaitAsync(Deadline.Of);
    }

    [Fact]
    public async Task A_signal_set_before_the_sleep_is_not_missed()
    {
        _signal.Reset();
        _signal.Set();

        await _signal.SleepAsync(TimeSpan.FromDays(1), _clock).WaitAsync(Deadline.Of);
    }

    [Fact]
    public async Task The_sleep_ends_when_its_time_is_over_and_not_before()
    {
        Task sleep = _signal.SleepAsync(TimeSpan.FromSeconds(10), _clock);
        _clock.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(sleep.IsCompleted);

        _clock.Advance(TimeSpan.FromSeconds(0.1));

        await sleep.WaitAsync(Deadline.Of);
    }

    [Fact]
    public void After_a_reset_it_sleeps_again()
    {
        _signal.Set();
        _signal.Reset();

        Assert.False(_signal.SleepAsync(TimeSpan.FromSeconds(1), _clock).IsCompleted);
    }
}
