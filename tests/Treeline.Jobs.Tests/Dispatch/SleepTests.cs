namespace Treeline.Jobs.Tests;

public sealed class SleepTests
{
    private readonly ManualTimeProvider _clock = new();
    private readonly Notify _wake = new();

    [Fact]
    public async Task Notifying_wakes_the_sleeper()
    {
        Task<bool> sleep = _wake.SleepAsync(TimeSpan.FromDays(1), _clock).AsTask();
        Assert.False(sleep.IsCompleted);

        _wake.NotifyOne();

        Assert.True(await sleep.WaitAsync(Deadline.Of));
        Assert.Equal(0, _clock.Pending);
    }

    [Fact]
    public async Task What_was_notified_before_the_sleep_is_not_missed_and_counts_once()
    {
        _wake.NotifyOne();
        _wake.NotifyOne();

        Assert.True(await _wake.SleepAsync(TimeSpan.FromDays(1), _clock).AsTask().WaitAsync(Deadline.Of));
        Task<bool> next = _wake.SleepAsync(TimeSpan.FromDays(1), _clock).AsTask();
        Assert.False(next.IsCompleted);
        _wake.NotifyOne();
        Assert.True(await next.WaitAsync(Deadline.Of));
    }

    [Fact]
    public async Task The_sleep_ends_when_its_time_is_over_and_not_before()
    {
        Task<bool> sleep = _wake.SleepAsync(TimeSpan.FromSeconds(10), _clock).AsTask();
        _clock.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(sleep.IsCompleted);

        _clock.Advance(TimeSpan.FromSeconds(0.1));

        Assert.False(await sleep.WaitAsync(Deadline.Of));
    }
}
