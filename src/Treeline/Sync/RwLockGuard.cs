namespace Treeline;

/// <summary>
/// An <see cref="AsyncRwLock"/> that is held, for reading or for writing: <c>using RwLockGuard guard = await
/// rwLock.ReadLockAsync(ct);</c>. Releases it once, however often it is disposed and whatever copies there are.
/// </summary>
public readonly struct RwLockGuard : IDisposable
{
    private readonly AsyncRwLock? _lock;

    internal RwLockGuard(AsyncRwLock rwLock, HoldTicket ticket)
    {
        _lock = rwLock;
        Ticket = ticket;
    }

    internal HoldTicket Ticket { get; }

    /// <summary>Unlocks, if that has not happened.</summary>
    public void Dispose() => _lock?.Unlock(Ticket);
}
