namespace Treeline.Tests.Cancellation;

/// <summary>The time of <see cref="CancelScope.MoveOnAfterAsync(TimeSpan, Func{CancellationToken, Fiber}, CancellationToken, string, string, int)"/> is over sooner than anybody would think.</summary>
public sealed class MoveOnAfterTests : TreeTest
{
    [Fact]
    public Task A_time_that_is_over_before_the_work_begins_is_no_error_and_the_work_does_not_begin() => InTime(async () =>
    {
        bool began = false;
        await TaskScope.RunAsync(
            async _ =>
            {
                Assert.False(await CancelScope.MoveOnAfterAsync(TimeSpan.FromSeconds(1), async _ =>
                {
                    began = true;
                    await Fiber.Yield();
                }));
                Assert.False(await CancelScope.MoveOnAfterAsync(TimeSpan.FromSeconds(1), _ =>
                {
                    began = true;
                    return Task.CompletedTask;
                }));
            },
            new ScopeOptions { TimeProvider = new HastyClock() });
        Assert.False(began);
    });

    /// <summary>Whatever is set is due at once, on the thread that sets it.</summary>
    private sealed class HastyClock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Add(ref _now, TimeSpan.TicksPerHour);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new HastyTimer(callback, state);
            timer.Change(dueTime, period);
            return timer;
        }

        private sealed class HastyTimer(TimerCallback callback, object? state) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    callback(state);
                }

                return true;
            }

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
