namespace Treeline.Testing;

/// <summary>The system's clock, which knows which of its timers are set.</summary>
internal sealed class CountingClock : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly HashSet<Timer> _set = [];

    /// <summary>The timers that are set, each in words.</summary>
    public IReadOnlyList<string> Pending
    {
        get
        {
            lock (_gate)
            {
                return [.. _set.Select(static timer => timer.ToString())];
            }
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new Timer(this, callback, state);
        timer.Start(dueTime, period);
        return timer;
    }

    private sealed class Timer(CountingClock clock, TimerCallback callback, object? state) : ITimer
    {
        private ITimer? _inner;
        private string _what = string.Empty;
        private bool _periodic;

        public void Start(TimeSpan dueTime, TimeSpan period)
        {
            // Made first and set then: it must be known before it can fire.
            _inner = System.CreateTimer(
                static timer => ((Timer)timer!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            Change(dueTime, period);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Note(dueTime, period);
            return _inner!.Change(dueTime, period);
        }

        public void Dispose()
        {
            Forget();
            _inner!.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Forget();
            return _inner!.DisposeAsync();
        }

        public override string ToString() => _what;

        private void Fire()
        {
            if (!_periodic)
            {
                Forget();
            }

            callback(state);
        }

        private void Note(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                _periodic = period > TimeSpan.Zero;
                _what = $"set for {dueTime}{(_periodic ? $", then every {period}" : string.Empty)}";
                if (dueTime == Timeout.InfiniteTimeSpan)
                {
                    clock._set.Remove(this);
                }
                else
                {
                    clock._set.Add(this);
                }
            }
        }

        private void Forget()
        {
            lock (clock._gate)
            {
                clock._set.Remove(this);
            }
        }
    }
}
