namespace Treeline;

/// <summary>
/// Waiting for time to pass. The clock is that of the enclosing scope (<see cref="ScopeOptions.TimeProvider"/>), or else the
/// system's; so what waits with it can be tested in virtual time. For limits on what others do, see
/// <see cref="CancelScope.WithTimeoutAsync(TimeSpan, Func{CancellationToken, Fiber}, CancellationToken, string, string, int)"/>.
/// </summary>
/// <remarks>
/// As <c>Task.Delay</c>, but a wait of Treeline's: it allocates nothing once warm, shows in the tree, and resumes where the
/// code that awaits it runs. On the system's clock its timer costs two links in a wheel, so a million are no matter. None
/// is early; on its own it is about a millisecond late at most.
/// </remarks>
public static class Clock
{
    /// <summary>
    /// Completes after <paramref name="time"/>.
    /// Cancellation: the delay ends at once; there is nothing to lose.
    /// </summary>
    /// <param name="time">How long; zero or <see cref="Timeout.InfiniteTimeSpan"/> are allowed.</param>
    /// <param name="cancellationToken">Ends the delay.</param>
    /// <returns>A wait to be awaited once.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public static ValueTask Delay(TimeSpan time, CancellationToken cancellationToken = default) =>
        Delay(time, OfCaller, cancellationToken);

    /// <inheritdoc cref="Delay(TimeSpan, CancellationToken)"/>
    /// <param name="timeProvider">Measures the time.</param>
    public static ValueTask Delay(TimeSpan time, TimeProvider timeProvider, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(timeProvider);
        ThrowIfNegative(time);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        if (time == TimeSpan.Zero)
        {
            return Waiter<Nothing>.Over();
        }

        var waiter = Waiter<Nothing>.Rent(DelayQueue.Instance, cancellationToken);
        waiter.LimitTo(timeProvider, time, throws: false);
        return waiter.AsVoidValueTask();
    }

    /// <summary>
    /// Completes when the clock shows <paramref name="instant"/>; at once if that is past. How long that is, is reckoned when it
    /// is called: setting the system's clock afterwards does not change it.
    /// Cancellation: the delay ends at once; there is nothing to lose.
    /// </summary>
    /// <param name="instant">Until when.</param>
    /// <param name="cancellationToken">Ends the delay.</param>
    /// <returns>A wait to be awaited once.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public static ValueTask DelayUntil(DateTimeOffset instant, CancellationToken cancellationToken = default) =>
        DelayUntil(instant, OfCaller, cancellationToken);

    /// <inheritdoc cref="DelayUntil(DateTimeOffset, CancellationToken)"/>
    /// <param name="timeProvider">Measures the time.</param>
    public static ValueTask DelayUntil(
        DateTimeOffset instant, TimeProvider timeProvider, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(timeProvider);
        TimeSpan left = instant - timeProvider.GetUtcNow();
        return Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, timeProvider, cancellationToken);
    }

    /// <summary>That a time passes, as one of several things to wait for. It runs anew from the beginning of each wait of the select.</summary>
    /// <param name="time">How long; <see cref="Timeout.InfiniteTimeSpan"/>: for ever.</param>
    /// <returns>A case for <see cref="Select{TResult}"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative and not infinite.</exception>
    public static SelectCase DelayCase(TimeSpan time) => DelayCase(time, OfCaller);

    /// <inheritdoc cref="DelayCase(TimeSpan)"/>
    /// <param name="timeProvider">Measures the time.</param>
    public static SelectCase DelayCase(TimeSpan time, TimeProvider timeProvider)
    {
        ArgumentNullException.ThrowIfNull(timeProvider);
        ThrowIfNegative(time);
        return new SelectCase(new DelayTimer(timeProvider, time));
    }

    /// <summary>The clock of the code that calls.</summary>
    internal static TimeProvider OfCaller => Ambient.Current?.Clock ?? TimeProvider.System;

    private static void ThrowIfNegative(TimeSpan time)
    {
        if (time != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        }
    }
}
