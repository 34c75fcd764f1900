namespace Treeline;

/// <summary>
/// Permits of an <see cref="AsyncSemaphore"/> that are held: <c>using SemaphorePermit permit = await
/// semaphore.AcquireAsync(ct);</c>. Gives them back once, however often it is disposed and whatever copies there are.
/// </summary>
public readonly struct SemaphorePermit : IDisposable
{
    private readonly AsyncSemaphore? _semaphore;

    internal SemaphorePermit(AsyncSemaphore semaphore, HoldTicket ticket)
    {
        _semaphore = semaphore;
        Ticket = ticket;
    }

    internal HoldTicket Ticket { get; }

    /// <summary>Gives the permits back, if that has not happened. The first in line get them, as far as they go.</summary>
    public void Dispose() => _semaphore?.GiveBack(Ticket);
}
