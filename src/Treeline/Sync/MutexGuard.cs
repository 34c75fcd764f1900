namespace Treeline;

/// <summary>
/// An <see cref="AsyncMutex"/> that is held: <c>using MutexGuard guard = await mutex.LockAsync(ct);</c>. Releases it once,
/// however often it is disposed and whatever copies there are.
/// </summary>
public readonly struct MutexGuard : IDisposable
{
    internal MutexGuard(AsyncMutex mutex, HoldTicket ticket)
    {
        Mutex = mutex;
        Ticket = ticket;
    }

    /// <summary>What is held; null for the default value.</summary>
    internal AsyncMutex? Mutex { get; }

    internal HoldTicket Ticket { get; }

    /// <summary>Unlocks, if that has not happened. The first in line has the mutex from then on.</summary>
    /// <exception cref="InvalidOperationException">
    /// The mutex is given away while this guard waits for an <see cref="AsyncCondition"/>.
    /// </exception>
    public void Dispose() => Mutex?.Unlock(Ticket);
}
