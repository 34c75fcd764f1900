using System.Diagnostics;

namespace Treeline;

/// <summary>
/// Waits, inside an <see cref="AsyncMutex"/>, for what the mutex protects to change: <c>while (queue.Count == 0) { await
/// changed.WaitAsync(guard, ct); }</c>. Always in a loop: what was true when somebody notified may be true no more when the
/// mutex has come back.
/// </summary>
/// <remarks>
/// Most often a channel, a <see cref="Notify"/> or an <see cref="AsyncSemaphore"/> says it more simply.
/// <para><b>Protocol.</b> The list belongs to the gate of the mutex, whose protocol says how it is used.</para>
/// </remarks>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class AsyncCondition : IWaitQueue
{
    private readonly AsyncMutex _mutex;
    private readonly string? _name;
    private WaiterList<MutexGuard> _waiters;

    /// <summary>Makes a condition.</summary>
    /// <param name="mutex">What protects the things it is about.</param>
    /// <param name="name">How it is shown where somebody waits for it.</param>
    public AsyncCondition(AsyncMutex mutex, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(mutex);
        _mutex = mutex;
        _name = name;
    }

    /// <summary>
    /// Unlocks the mutex, waits for a notification, and locks the mutex again: the same guard holds it.
    /// Cancellation: ends the waiting for a notification. The mutex is locked again all the same, in its turn; only then does
    /// <see cref="OperationCanceledException"/> come, and the guard is to be disposed as always. A notification that came before
    /// the cancellation was for this wait, which then ends as if there had been no cancellation.
    /// </summary>
    /// <param name="guard">What locking the mutex gave.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that completes when the mutex is held again.</returns>
    /// <exception cref="InvalidOperationException">The guard does not hold the mutex.</exception>
    /// <exception cref="ArgumentException">The guard is of another mutex.</exception>
    public ValueTask WaitAsync(MutexGuard guard, CancellationToken cancellationToken = default)
    {
        if (!ReferenceEquals(guard.Mutex, _mutex))
        {
            throw new ArgumentException(
                $"This guard is {guard.Mutex?.ToString() ?? "nobody"}'s, but {this} belongs to {_mutex}. Lock that one.", nameof(guard));
        }

        return cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled(cancellationToken)
            : _mutex.BeginWait(this, ref _waiters, guard, cancellationToken).AsVoidValueTask();
    }

    /// <summary>Lets the first go on who waits; if nobody does, nothing happens. The mutex need not be held.</summary>
    public void NotifyOne() => _mutex.EndWaits(ref _waiters, all: false);

    /// <summary>Lets all go on who wait, one after the other as the mutex comes to them. It need not be held.</summary>
    public void NotifyAll() => _mutex.EndWaits(ref _waiters, all: true);

    /// <summary>What it is called.</summary>
    public override string ToString() => _name is null ? $"a condition of {_mutex}" : $"condition '{_name}'";

    bool IWaitQueue.MayGiveUp(WaiterBase waiter)
    {
        _mutex.CancelWait(ref _waiters, (Waiter<MutexGuard>)waiter);
        return false;
    }

    void IWaitQueue.Remove(WaiterBase waiter) => throw new UnreachableException("Nobody leaves without being asked whether it may.");
}
