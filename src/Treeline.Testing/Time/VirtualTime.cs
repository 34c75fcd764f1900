using System.Runtime.CompilerServices;

namespace Treeline.Testing;

/// <summary>
/// A clock for tests. It stands still until it is moved: by hand (<see cref="Advance"/> and its like), or by
/// <c>RunAsync</c>, which moves it to the next timer whenever the code under test has nothing else to do. So a test of a
/// day's waiting takes milliseconds and never depends on how fast the machine is.
/// </summary>
/// <remarks>
/// <para>It is a <see cref="TimeProvider"/>, so any code that takes one can be tested with it: <c>Task.Delay</c>,
/// <c>CancellationTokenSource</c>, <c>PeriodicTimer</c>, <c>WaitAsync</c>, and everything of Treeline's that has a clock.</para>
/// <para>A timer fires when the clock is moved to its time or beyond, and never by itself, be its time zero: each at its own
/// instant, which the clock shows meanwhile, in the order of their times; of two with the same time, the one that was set
/// first. It runs in the execution context in which it was made, as a timer of the system does, and on the thread that
/// moves the clock. Times are kept exactly, where the system's timers drop fractions of a millisecond.</para>
/// <para>All members may be called from any thread, and from callbacks. Moving the clock from two threads at once is
/// allowed, and of no use: who fires what is then open.</para>
/// <para><b>Protocol.</b> <c>_gate</c> owns the time, the set of armed timers and every timer's settings; <c>_now</c> is also
/// read without it. A timer is taken out of the set under the gate and fired without it, if nobody has set or disposed of it
/// in between: its count of settings tells.</para>
/// </remarks>
public sealed partial class VirtualTime : TimeProvider
{
    private readonly long _start;
    private readonly Lock _gate = new();
    private readonly SortedSet<VirtualTimer> _armed = new(VirtualTimer.ByDueTime);
    private long _now;
    private long _settings;

    /// <summary>A clock that stands at the beginning of the year 2030 (UTC).</summary>
    public VirtualTime()
        : this(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero))
    {
    }

    /// <summary>A clock that stands at <paramref name="start"/>.</summary>
    /// <param name="start">What it shows.</param>
    public VirtualTime(DateTimeOffset start) => _now = _start = start.UtcTicks;

    /// <summary>UTC, so that tests do the same everywhere.</summary>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>Timestamps count units of 100 ns.</summary>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>How far the clock has been moved since it was made.</summary>
    public TimeSpan Elapsed => new(Volatile.Read(ref _now) - _start);

    /// <summary>How many timers are set and have not fired.</summary>
    public int PendingTimers
    {
        get
        {
            lock (_gate)
            {
                return _armed.Count;
            }
        }
    }

    /// <summary>What the clock shows.</summary>
    /// <returns>The instant, in UTC.</returns>
    public override DateTimeOffset GetUtcNow() => new(Volatile.Read(ref _now), TimeSpan.Zero);

    /// <summary>A number that grows as the clock is moved.</summary>
    /// <returns>The number; see <see cref="TimestampFrequency"/>.</returns>
    public override long GetTimestamp() => Volatile.Read(ref _now);

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">A time is negative, or longer than a timer can wait (49.7 days).</exception>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new VirtualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>
    /// Moves the clock forward, and fires what becomes due on the way, on this thread. Returns when all callbacks have.
    /// </summary>
    /// <param name="by">How far; zero fires what is due already.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, or reaches beyond the year 9999.</exception>
    /// <remarks>
    /// What a callback throws comes out of here. The clock then stands at the time of that timer, and the others are still set.
    /// </remarks>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        long now = Volatile.Read(ref _now);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(by.Ticks, DateTimeOffset.MaxValue.UtcTicks - now, nameof(by));
        MoveTo(now + by.Ticks);
    }

    /// <summary>As <see cref="Advance"/>, up to an instant.</summary>
    /// <param name="instant">Where the clock is to stand.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is in the past of this clock.</exception>
    public void AdvanceTo(DateTimeOffset instant)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(instant.UtcTicks, Volatile.Read(ref _now), nameof(instant));
        MoveTo(instant.UtcTicks);
    }

    /// <summary>Moves the clock to the time of the next timer, and fires it and all others of that time.</summary>
    /// <returns>False if no timer is set: then nothing happens.</returns>
    public bool JumpToNextTimer()
    {
        if (!TryMoveToNextTimer())
        {
            return false;
        }

        MoveTo(Volatile.Read(ref _now));
        return true;
    }

    /// <summary>Moves the clock to the time of the next timer, and fires nothing. False: none is set that can be reached.</summary>
    internal bool TryMoveToNextTimer()
    {
        lock (_gate)
        {
            if (_armed.Min is not { } next || next.Due > DateTimeOffset.MaxValue.UtcTicks)
            {
                return false;
            }

            SetNow(Math.Max(_now, next.Due));
            return true;
        }
    }

    /// <summary>Takes the first timer that is due by now out of the set, for the caller to fire.</summary>
    internal bool TryTakeDue(out DueTimer due) => TryTakeDue(Volatile.Read(ref _now), out due);

    /// <summary>Sets <paramref name="timer"/>; null: stops it.</summary>
    internal bool Set(VirtualTimer timer, TimeSpan? dueTime, TimeSpan period, bool dispose = false)
    {
        lock (_gate)
        {
            if (timer.IsDisposed)
            {
                return false;
            }

            timer.IsDisposed = dispose;
            _armed.Remove(timer);
            timer.Period = period.Ticks;
            timer.Setting = ++_settings;
            if (dueTime is { } due)
            {
                timer.Due = _now + due.Ticks;
                _armed.Add(timer);
            }
        }

        Volatile.Read(ref _crank)?.TimerChanged();
        return true;
    }

    /// <summary>Whether the caller is to run the callback of what it took. If it is periodic, it is set again.</summary>
    internal bool TryBeginCallback(DueTimer due)
    {
        lock (_gate)
        {
            VirtualTimer timer = due.Timer;
            if (timer.Setting != due.Setting)
            {
                return false;
            }

            timer.Setting = ++_settings;
            timer.Running++;
            if (timer.Period > 0)
            {
                timer.Due += timer.Period;
                _armed.Add(timer);
            }

            return true;
        }
    }

    /// <summary>The callback has returned.</summary>
    internal void EndCallback(VirtualTimer timer)
    {
        TaskCompletionSource? idle = null;
        lock (_gate)
        {
            if (--timer.Running == 0)
            {
                idle = timer.Idle;
                timer.Idle = null;
            }
        }

        idle?.SetResult();
    }

    /// <summary>Ends when no callback of the timer runs.</summary>
    internal Task WhenIdle(VirtualTimer timer)
    {
        lock (_gate)
        {
            return timer.Running == 0
                ? Task.CompletedTask
                : (timer.Idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    private void MoveTo(long end)
    {
        while (TryTakeDue(end, out DueTimer due))
        {
            due.Fire();
        }
    }

    /// <summary>Takes what is first due by <paramref name="end"/>, at its time. If nothing is, the clock shows the end.</summary>
    private bool TryTakeDue(long end, out DueTimer due)
    {
        lock (_gate)
        {
            if (_armed.Min is { } first && first.Due <= end)
            {
                _armed.Remove(first);
                SetNow(Math.Max(_now, first.Due));
                due = new DueTimer(first, first.Setting);
                return true;
            }

            SetNow(Math.Max(_now, end));
            due = default;
            return false;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void SetNow(long now) => Volatile.Write(ref _now, now);
}
