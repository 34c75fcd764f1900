namespace Treeline.TestSupport;

/// <summary>
/// A clock that stands still until a test moves it. Timers fire on the thread that moves it, in the order of their times,
/// and the clock shows each one's time while it fires.
/// </summary>
internal sealed class ManualTimeProvider : TimeProvider
{
    // Real time, for a test that would otherwise never end.
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private DateTimeOffset _now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>How many timers are set and have not fired.</summary>
    public int Pending
    {
        get
        {
            lock (_gate)
            {
                return _timers.Count;
            }
        }
    }

    /// <summary>When the next timer fires; null: none is set.</summary>
    public DateTimeOffset? NextDue
    {
        get
        {
            lock (_gate)
            {
                return _timers.MinBy(timer => timer.Due)?.Due;
            }
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return _now;
        }
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan by)
    {
        DateTimeOffset end = GetUtcNow() + by;
        while (true)
        {
            ManualTimer? next;
            lock (_gate)
            {
                next = _timers.Where(timer => timer.Due <= end).MinBy(timer => timer.Due);
                if (next is null)
                {
                    _now = end;
                    return;
                }

                _now = next.Due > _now ? next.Due : _now;
                _timers.Remove(next);
                next.Rearm();
            }

            next.Fire();
        }
    }

    /// <summary>
    /// Moves the clock by <paramref name="step"/> again and again until <paramref name="task"/> has completed.
    /// </summary>
    /// <param name="task">What to wait for.</param>
    /// <param name="step">How far to move it at a time.</param>
    /// <param name="sleepers">
    /// How many timers must be waiting before each step. Given the number of loops that sleep on this clock, no step is
    /// taken before all of them have done what the last one asked of them, however slow the machine.
    /// </param>
    public async Task AdvanceUntilAsync(Task task, TimeSpan step, int sleepers = 0)
    {
        Task overdue = Task.Delay(s_deadline);
        while (!task.IsCompleted && !overdue.IsCompleted)
        {
            if (Pending >= sleepers)
            {
                Advance(step);
            }

            await Task.WhenAny(task, Task.Delay(1));
        }

        await task.WaitAsync(TimeSpan.FromSeconds(1));
    }

    private sealed class ManualTimer(ManualTimeProvider clock, Action fire) : ITimer
    {
        private TimeSpan _period;
        private bool _disposed;

        public DateTimeOffset Due { get; private set; }

        public Action Fire { get; } = fire;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                if (_disposed)
                {
                    return false;
                }

                clock._timers.Remove(this);
                _period = period;
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Due = clock._now + dueTime;
                    clock._timers.Add(this);
                }

                return true;
            }
        }

        /// <summary>Owner: the clock's gate.</summary>
        public void Rearm()
        {
            if (_period > TimeSpan.Zero)
            {
                Due += _period;
                clock._timers.Add(this);
            }
        }

        public void Dispose()
        {
            Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            lock (clock._gate)
            {
                _disposed = true;
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
