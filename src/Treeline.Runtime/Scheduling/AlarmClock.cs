using System.Diagnostics;
using Treeline.Drivers;

namespace Treeline;

/// <summary>
/// The clock of a runtime's timers: it shows the system's time, and its alarms ring on the thread that waits in the driver, in time
/// for the next of them, so that a timer costs no thread and no system call of its own.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> The list and the dues of the alarms belong to the gate; <c>_next</c> is the least of the dues, or less, and is written under the gate.
/// <para><b>No alarm is slept through.</b> <c>_sleeper</c> and <c>_until</c> belong to the gate as well: whoever waits in the driver says
/// there until when, having seen <c>_next</c>; whoever sets an alarm for earlier while somebody sleeps wakes the driver. Setting an alarm later wakes
/// nobody: at worst one wait ends for nothing.</para>
/// <para><b>After the runtime</b> nobody waits in the driver any more, but code that only used the runtime's workers may still wait for an alarm:
/// from <see cref="Close"/> on a timer of the system (<c>_system</c>, the gate's) rings them. It is set under <c>_afterwards</c>, for what
/// <c>_next</c> is then; so the last to set it has seen the last change.</para>
/// </remarks>
internal sealed class AlarmClock : TimeProvider
{
    private const long Never = long.MaxValue;

    private readonly List<Alarm> _alarms = [];
    private readonly Lock _afterwards = new();
    private Gate _gate;
    private long _next = Never;
    private long _until;
    private Driver? _sleeper;
    private ITimer? _system;

    /// <summary>Whether an alarm is to ring. Any thread.</summary>
    public bool IsDue(long now) => Volatile.Read(ref _next) <= now;

    /// <summary>The calling thread is going to wait in <paramref name="driver"/>.</summary>
    /// <param name="until">Not longer than this.</param>
    /// <param name="driver">What wakes it.</param>
    /// <returns>Until when it is to wait; <see cref="long.MaxValue"/>: for ever.</returns>
    public long Sleep(long until, Driver driver)
    {
        using (_gate.Enter())
        {
            _sleeper = driver;
            return _until = Math.Min(until, _next);
        }
    }

    /// <summary>It does not wait any more.</summary>
    public void WakeUp()
    {
        using (_gate.Enter())
        {
            _sleeper = null;
        }
    }

    /// <summary>Rings what is due. Called by the owner of a worker, on whose queue the timers then are.</summary>
    public void Ring(long now)
    {
        while (TakeDue(now) is { } due)
        {
            due.Ring();
        }
    }

    /// <summary>Nobody waits in the driver any more.</summary>
    public void Close()
    {
        ITimer system = System.CreateTimer(
            static clock => ((AlarmClock)clock!).RingBySystem(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        using (_gate.Enter())
        {
            _system = system;
        }

        Set(system);
    }

    /// <summary>An alarm, not set yet.</summary>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Debug.Assert(dueTime == Timeout.InfiniteTimeSpan && period == Timeout.InfiniteTimeSpan, "Shards set their alarm themselves.");
        var alarm = new Alarm(this, callback, state);
        using (_gate.Enter())
        {
            _alarms.Add(alarm);
        }

        return alarm;
    }

    private Alarm? TakeDue(long now)
    {
        using (_gate.Enter())
        {
            long next = Never;
            Alarm? due = null;
            foreach (Alarm alarm in _alarms)
            {
                if (due is null && alarm.Due <= now)
                {
                    alarm.Due = Never;
                    due = alarm;
                }

                next = Math.Min(next, alarm.Due);
            }

            Volatile.Write(ref _next, next);
            return due;
        }
    }

    private void Set(Alarm alarm, long due)
    {
        Driver? wakes = null;
        ITimer? system;
        using (_gate.Enter())
        {
            system = _system;
            alarm.Due = due;
            if (due < _next)
            {
                Volatile.Write(ref _next, due);
                wakes = due < _until ? _sleeper : null;
            }
        }

        wakes?.Wake();
        if (system is not null)
        {
            Set(system);
        }
    }

    private void RingBySystem()
    {
        Ring(Stopwatch.GetTimestamp());
        Set(_system!); // what rang may not have been all
    }

    private void Set(ITimer system)
    {
        lock (_afterwards)
        {
            long next = Volatile.Read(ref _next);
            TimeSpan left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), next);
            system.Change(
                next == Never
                    ? Timeout.InfiniteTimeSpan
                    : TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling(left.TotalMilliseconds), 0, int.MaxValue)),
                Timeout.InfiniteTimeSpan);
        }
    }

    private void Remove(Alarm alarm)
    {
        using (_gate.Enter())
        {
            _alarms.Remove(alarm);
        }
    }

    private sealed class Alarm(AlarmClock clock, TimerCallback callback, object? state) : ITimer
    {
        public long Due { get; set; } = Never;

        public void Ring() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            clock.Set(this, dueTime == Timeout.InfiniteTimeSpan ? Never : clock.After(clock.GetTimestamp(), dueTime));
            return true;
        }

        public void Dispose() => clock.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
