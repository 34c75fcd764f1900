using System.Diagnostics;

namespace Treeline;

/// <summary>
/// Lets so many through in a time, in the order in which they came: <c>await limiter.AcquireAsync(ct);</c>, then go. Nothing is
/// to be given back: what limits how many run at a time is an <see cref="AsyncSemaphore"/>.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> Everything belongs to <c>_gate</c>, but the clock is a user's and never called under it: whoever comes
/// reads the time first. While anybody stands in line, the timer is set for the time of the first, or sooner: whoever puts
/// somebody first, or leaves somebody first, sets it after leaving the gate, and never for later than it was. It is only a hint
/// to look. When the line has become empty by giving up, the timer is taken out under the gate and disposed, so that no clock
/// is kept waiting; who comes next makes a new one.
/// </remarks>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class RateLimiter : ISelectable<Nothing>
{
    private readonly TimeProvider _clock;
    private readonly RateMeter _meter;
    private readonly string? _name;
    private Gate _gate;
    private WaiterList<Nothing> _waiters;
    private ScopeTimer? _timer;

    private RateLimiter(RateMeter meter, TimeProvider clock, string? name)
    {
        _meter = meter;
        _clock = clock;
        _name = name;
    }

    /// <summary>
    /// Lets <paramref name="count"/> through in each <paramref name="period"/> on the average, and up to
    /// <paramref name="burst"/> at once after a pause.
    /// </summary>
    /// <param name="count">How many; they become free one after the other, evenly.</param>
    /// <param name="period">In what time.</param>
    /// <param name="burst">
    /// How many may gather while nobody comes; by default <paramref name="count"/>. So many may go at the start.
    /// </param>
    /// <param name="timeProvider">Measures the time; by default the clock of the node this is called in.</param>
    /// <param name="name">How it is shown where somebody waits for it.</param>
    /// <returns>The limiter.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number, or the period, is not positive.</exception>
    public static RateLimiter TokenBucket(
        int count, TimeSpan period, int? burst = null, TimeProvider? timeProvider = null, string? name = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(period, TimeSpan.Zero);
        int capacity = burst ?? count;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity, nameof(burst));
        TimeProvider clock = timeProvider ?? Ambient.CurrentOrRoot.Clock;
        return new RateLimiter(new TokenBucket(capacity, count, StepsOf(period, clock), clock.GetTimestamp()), clock, name);
    }

    /// <summary>
    /// Lets at most <paramref name="count"/> through in any <paramref name="window"/>, wherever it begins: what a server means
    /// that refuses the 101st call within a minute.
    /// </summary>
    /// <param name="count">How many. It remembers as many.</param>
    /// <param name="window">The time.</param>
    /// <param name="timeProvider">Measures the time; by default the clock of the node this is called in.</param>
    /// <param name="name">How it is shown where somebody waits for it.</param>
    /// <returns>The limiter.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number, or the window, is not positive.</exception>
    public static RateLimiter SlidingWindow(int count, TimeSpan window, TimeProvider? timeProvider = null, string? name = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(window, TimeSpan.Zero);
        TimeProvider clock = timeProvider ?? Ambient.CurrentOrRoot.Clock;
        return new RateLimiter(new SlidingWindow(count, StepsOf(window, clock)), clock, name);
    }

    /// <summary>
    /// Waits until one may go and all who came before have gone.
    /// Cancellation: what was cancelled has not gone, and counts for nothing.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that completes when this caller may go.</returns>
    public ValueTask AcquireAsync(CancellationToken cancellationToken = default) => AcquireAsync(1, cancellationToken);

    /// <summary>
    /// Waits until so many may go at once and all who came before have gone.
    /// Cancellation: what was cancelled has not gone, and counts for nothing.
    /// </summary>
    /// <param name="count">How many.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that completes when they may go.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is not positive, or more than can ever go at once.</exception>
    public ValueTask AcquireAsync(int count, CancellationToken cancellationToken = default)
    {
        Check(count);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        long now = _clock.GetTimestamp();
        Waiter<Nothing>? waiter = null;
        Alarm alarm = default;
        using (_gate.Enter())
        {
            if (CanTake(now, count))
            {
                _meter.Take(count);
            }
            else
            {
                waiter = Waiter<Nothing>.Rent(QueueFor(count), cancellationToken);
                _waiters.Add(waiter);
                alarm = NextAlarm(now);
            }
        }

        if (waiter is null)
        {
            return Waiter<Nothing>.Over();
        }

        Set(alarm);
        return waiter.AsVoidValueTask();
    }

    /// <summary>Goes if so many may at once, and nobody waits.</summary>
    /// <param name="count">How many.</param>
    /// <returns>Whether they may go, and have.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is not positive, or more than can ever go at once.</exception>
    public bool TryAcquire(int count = 1)
    {
        Check(count);
        long now = _clock.GetTimestamp();
        using (_gate.Enter())
        {
            if (!CanTake(now, count))
            {
                return false;
            }

            _meter.Take(count);
            return true;
        }
    }

    /// <summary>Being let through, as one of several things to wait for. If another comes first, it counts for nothing.</summary>
    /// <param name="count">How many.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is not positive, or more than can ever go at once.</exception>
    public SelectCase AcquireCase(int count = 1)
    {
        Check(count);
        return new((ISelectable<Nothing>)QueueFor(count));
    }

    /// <summary>What it is called.</summary>
    public override string ToString() => _name is null ? "a rate limiter" : $"rate limiter '{_name}'";

    void ISelectable<Nothing>.Enter(Waiter<Nothing> branch) => Enter(branch, 1);

    void IWaitQueue.Remove(WaiterBase waiter) => Remove(waiter);

    private static long StepsOf(TimeSpan time, TimeProvider clock) =>
        (long)Int128.Clamp((Int128)time.Ticks * clock.TimestampFrequency / TimeSpan.TicksPerSecond, 1, long.MaxValue / 2);

    private static int CountOf(Waiter<Nothing> waiter) => waiter.WaitingFor is Request request ? request.Count : 1;

    private void Check(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        if (count > _meter.Most)
        {
            throw new ArgumentOutOfRangeException(
                nameof(count), count, $"No more than {_meter.Most} ever go at once through {this}. Ask for them in parts.");
        }
    }

    private IWaitQueue QueueFor(int count) => count == 1 ? this : new Request(this, count);

    private bool CanTake(long now, int count) => _waiters.IsEmpty && _meter.StepsUntil(now, count) == 0;

    private void Enter(Waiter<Nothing> branch, int count)
    {
        long now = _clock.GetTimestamp();
        Alarm alarm = default;
        bool goes = false;
        using (_gate.Enter())
        {
            if (!CanTake(now, count))
            {
                _waiters.Add(branch);
                alarm = NextAlarm(now);
            }
            else if (branch.TryClaim())
            {
                _meter.Take(count);
                goes = true;
            }
        }

        Set(alarm);
        if (goes)
        {
            branch.Complete(default);
        }
    }

    private void Remove(WaiterBase waiter)
    {
        long now = _clock.GetTimestamp();
        ScopeTimer? idle = null;
        var admitted = default(WaiterList<Nothing>);
        Alarm alarm;
        using (_gate.Enter())
        {
            _waiters.Remove((Waiter<Nothing>)waiter);
            AdmitReady(now, ref admitted);
            alarm = NextAlarm(now);
            if (!alarm.IsNeeded)
            {
                (idle, _timer) = (_timer, null);
            }
        }

        idle?.Dispose();
        Set(alarm);
        Complete(admitted);
    }

    private void OnTime()
    {
        long now = _clock.GetTimestamp();
        var admitted = default(WaiterList<Nothing>);
        Alarm alarm;
        using (_gate.Enter())
        {
            AdmitReady(now, ref admitted);
            alarm = NextAlarm(now);
        }

        Set(alarm);
        Complete(admitted);
    }

    private void AdmitReady(long now, ref WaiterList<Nothing> admitted)
    {
        while (_waiters.First is { } first && _meter.StepsUntil(now, CountOf(first)) == 0)
        {
            _waiters.Remove(first);
            if (first.TryClaim())
            {
                _meter.Take(CountOf(first));
                admitted.Add(first);
            }
        }
    }

    private static void Complete(WaiterList<Nothing> admitted)
    {
        while (admitted.TryPop(out Waiter<Nothing>? waiter))
        {
            waiter.Complete(default);
        }
    }

    /// <summary>Called under the gate: when to look again, and with which timer.</summary>
    private Alarm NextAlarm(long now) =>
        _waiters.First is { } first ? new Alarm(_meter.StepsUntil(now, CountOf(first)), _timer) : default;

    private void Set(Alarm alarm)
    {
        if (!alarm.IsNeeded)
        {
            return;
        }

        ScopeTimer timer = alarm.Timer ?? MakeTimer();
        Int128 ticks = (((Int128)alarm.Steps * TimeSpan.TicksPerSecond) + _clock.TimestampFrequency - 1) / _clock.TimestampFrequency;
        timer.SetIfSooner(new TimeSpan((long)Int128.Min(ticks, TimeSpan.MaxValue.Ticks)));
    }

    private ScopeTimer MakeTimer()
    {
        var made = new ScopeTimer(_clock, static limiter => ((RateLimiter)limiter).OnTime(), this);
        ScopeTimer timer;
        using (_gate.Enter())
        {
            timer = _timer ??= made;
        }

        if (!ReferenceEquals(timer, made))
        {
            made.Dispose();
        }

        return timer;
    }

    /// <summary>When the first in line may go.</summary>
    /// <param name="Steps">
    /// How many steps of the clock from now. 0: there is nobody, or it may go now and the timer is set for it.
    /// </param>
    /// <param name="Timer">What is set for it; null: it is to be made.</param>
    private readonly record struct Alarm(long Steps, ScopeTimer? Timer)
    {
        public bool IsNeeded => Steps > 0;
    }

    /// <summary>Waiting for more than one.</summary>
    private sealed class Request(RateLimiter limiter, int count) : ISelectable<Nothing>
    {
        public int Count => count;

        public override string ToString() => $"{count} places of {limiter}";

        void ISelectable<Nothing>.Enter(Waiter<Nothing> branch) => limiter.Enter(branch, count);

        void IWaitQueue.Remove(WaiterBase waiter) => limiter.Remove(waiter);
    }
}
