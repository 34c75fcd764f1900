namespace Treeline;

/// <summary>
/// What only some waits need, so that a <see cref="WaiterBase">waiter</see> without it is small: there may be millions. A node
/// that needed it once keeps it. Who may touch what is said in the waiter's protocol.
/// </summary>
internal sealed class WaiterExtras(WaiterBase owner) : WheelTimer
{
    /// <summary>No deadline, and so nothing for a timer's hint to do.</summary>
    public const long NoDeadline = long.MaxValue;

    // Written by the renter.
    public CancellationToken Token;
    public CancellationTokenRegistration Registration;
    public TimeProvider? Clock;
    public TimeSpan Timeout;
    public bool ThrowsOnTimeout;

    // The deadline in timestamps of the clock. Written when the renter arms it; read by hints of any incarnation.
    public long Deadline = NoDeadline;

    // Where the wait's timer is set, if the clock's timers are kept in shards. Written by the owner.
    public TimerShard? Shard;

    // Otherwise. Stays from one incarnation to the next, as long as the clock is the same.
    public ITimer? Timer;
    public TimeProvider? TimerClock;

    // Of a branch of a select: what decides it, and the state in which that is undecided. Written by the renter.
    public Waiter<WaiterBase>? Cell;
    public int CellPending;

    // Written by the awaiter before it registers.
    public object? SchedulingContext;
    public ExecutionContext? ExecutionContext;

    // In place of a value. Written by the claimer.
    public Exception? Error;

    /// <summary>The hint of a shard.</summary>
    public override void OnDue() => owner.TryTimeOut();
}
