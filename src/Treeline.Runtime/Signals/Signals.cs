using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Treeline;

/// <summary>
/// Signals of the operating system to wait for: Ctrl-C, SIGTERM, SIGHUP. Where the same signal is waited for again and again, or must
/// not be missed while something else is done, <see cref="Subscribe"/> once and wait with that.
/// </summary>
/// <remarks>
/// What a signal does by itself, ending the process mostly, is held back while somebody listens, and only then. As Tokio's
/// <c>signal</c>, which holds it back for ever after.
/// </remarks>
public static class Signals
{
    /// <summary>
    /// Waits for the next Ctrl-C (SIGINT). Cancellation: stops listening; the next Ctrl-C does what it does by itself.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A wait to be awaited once. Who calls this listens from here on.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public static ValueTask CtrlCAsync(CancellationToken cancellationToken = default) => WaitAsync(PosixSignal.SIGINT, cancellationToken);

    /// <summary>
    /// Waits for the next <paramref name="signal"/>. Cancellation: stops listening; the next signal does what it does by itself.
    /// </summary>
    /// <param name="signal">Which; on Unix also a number of the system's, cast.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A wait to be awaited once. Who calls this listens from here on.</returns>
    /// <exception cref="PlatformNotSupportedException">The system does not have the signal, or lets nobody catch it.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public static ValueTask WaitAsync(PosixSignal signal, CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled(cancellationToken)
            : WaitAsync(Subscribe(signal), cancellationToken);

    /// <summary>Listens to <paramref name="signal"/> until disposed.</summary>
    /// <param name="signal">Which; on Unix also a number of the system's, cast.</param>
    /// <returns>What to wait with.</returns>
    /// <exception cref="PlatformNotSupportedException">The system does not have the signal, or lets nobody catch it.</exception>
    public static SignalSubscription Subscribe(PosixSignal signal) => new(signal);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask WaitAsync(SignalSubscription subscription, CancellationToken cancellationToken)
    {
        using (subscription)
        {
            await subscription.ReceivedAsync(cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
        }
    }
}
