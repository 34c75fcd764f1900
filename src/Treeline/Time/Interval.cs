using System.Threading.Tasks.Sources;

namespace Treeline;

/// <summary>
/// Ticks at a steady rate. The first tick is one period after it was made. It belongs to whoever takes the ticks, one at a
/// time; it needs no disposal, since a timer is set only while somebody waits.
/// </summary>
/// <example><code>
/// var everySecond = new Interval(TimeSpan.FromSeconds(1), MissedTicks.Skip);
/// while (true)
/// {
///     await everySecond.TickAsync(cancellationToken);
///     await PollAsync();
/// }
/// </code></example>
/// <remarks>
/// As <see cref="PeriodicTimer"/>, which leaves out missed ticks but one; here a <see cref="MissedTicks">policy</see> says. A tick that was
/// cancelled was not taken: the next wait gets it.
/// <para>
/// <b>Protocol.</b> <c>_waiting</c> is 1 from the beginning of a wait until its result has been taken; who set it owns all
/// fields. A select that waits for the tick owns them likewise: one at a time, which is not checked there.
/// </para>
/// </remarks>
public sealed class Interval : IWaitQueue, ISelectTimer, IValueTaskSource
{
    // A tick that is as late as this was missed; less is how late timers are. Tokio's figure (tokio/src/time/interval.rs).
    private static readonly TimeSpan s_tolerance = TimeSpan.FromMilliseconds(5);

    private readonly TimeProvider _clock;
    private readonly MissedTicks _missedTicks;
    private readonly long _period;
    private readonly long _tolerance;

    private long _next;
    private int _waiting;
    private short _version;
    private Waiter<Nothing>? _waiter;

    /// <param name="period">The time from tick to tick.</param>
    /// <param name="missedTicks">What to do when ticks are taken too late.</param>
    /// <param name="timeProvider">Measures the time; by default the clock of the enclosing scope.</param>
    /// <exception cref="ArgumentOutOfRangeException">The period is not positive, or too short for the clock.</exception>
    public Interval(TimeSpan period, MissedTicks missedTicks = MissedTicks.Burst, TimeProvider? timeProvider = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(period, TimeSpan.Zero);
        Period = period;
        _missedTicks = missedTicks;
        _clock = timeProvider ?? Clock.OfCaller;
        _period = _clock.After(0, period);
        _tolerance = _clock.After(0, s_tolerance);
        ArgumentOutOfRangeException.ThrowIfZero(_period, nameof(period));
        _next = _clock.After(_clock.GetTimestamp(), period);
    }

    /// <summary>The time from tick to tick.</summary>
    public TimeSpan Period { get; }

    TimeProvider ISelectTimer.Clock => _clock;

    /// <summary>
    /// Waits for the next tick; completes at once if it is due.
    /// Cancellation: the tick was not taken.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A wait to be awaited once, which takes the tick.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="InvalidOperationException">Somebody waits for the tick already.</exception>
    public ValueTask TickAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        if (Interlocked.Exchange(ref _waiting, 1) != 0)
        {
            throw new InvalidOperationException(
                "Somebody waits for the tick of this interval already. A tick is for one: make an interval for each who waits.");
        }

        try
        {
            TimeSpan left = Left(_clock.GetTimestamp());
            if (left > TimeSpan.Zero)
            {
                _version++;
                _waiter = Waiter<Nothing>.Rent(this, cancellationToken);
                _waiter.LimitTo(_clock, left, throws: false);
                _waiter.AsAwaitable(); // sets the timer; it is awaited by way of this
                return new ValueTask(this, _version);
            }

            Take();
            Volatile.Write(ref _waiting, 0);
        }
        catch
        {
            Volatile.Write(ref _waiting, 0); // a clock of the user's threw
            throw;
        }

        return Waiter<Nothing>.Over();
    }

    /// <summary>The next tick, as one of several things to wait for. It is taken if it wins.</summary>
    /// <returns>A case for <see cref="Select{TResult}"/>.</returns>
    public SelectCase TickCase() => new(this);

    /// <summary>What is waited for.</summary>
    /// <returns>Text for people.</returns>
    public override string ToString() => $"a tick every {Period}";

    void IWaitQueue.Remove(WaiterBase waiter)
    {
    }

    TimeSpan ISelectTimer.Left(long now) => Left(now);

    void ISelectTimer.Take() => Take();

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token)
    {
        Waiter<Nothing> waiter = WaiterOf(token);
        return waiter.GetStatus(waiter.Token);
    }

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        Waiter<Nothing> waiter = WaiterOf(token);
        waiter.OnCompleted(continuation, state, waiter.Token, flags);
    }

    void IValueTaskSource.GetResult(short token)
    {
        Waiter<Nothing> waiter = WaiterOf(token);
        if (waiter.GetStatus(waiter.Token) == ValueTaskSourceStatus.Pending)
        {
            waiter.GetResult(waiter.Token); // says how it is to be awaited
        }

        _waiter = null;
        try
        {
            waiter.GetResult(waiter.Token);
            Take();
        }
        finally
        {
            Volatile.Write(ref _waiting, 0);
        }
    }

    private TimeSpan Left(long now) => _clock.Until(now, _next);

    private void Take()
    {
        long now = _clock.GetTimestamp();
        _next = _missedTicks switch
        {
            MissedTicks.Delay when now - _next > _tolerance => now + _period,
            MissedTicks.Skip when now - _next > _tolerance => now + _period - ((now - _next) % _period),
            _ => _next + _period,
        };
    }

    private Waiter<Nothing> WaiterOf(short token) => token == _version && _waiter is { } waiter
        ? waiter
        : throw new InvalidOperationException(
            "This tick has been awaited already. It can be awaited once: to await it several times, call AsTask() once and await "
            + "the task.");
}
