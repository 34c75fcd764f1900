namespace Treeline;

/// <summary>What <see cref="TaskTree.Subscribe"/> gives: dispose it to be told no more.</summary>
/// <remarks>
/// <b>Protocol.</b> <c>_onChange</c> goes from the delegate to null once, by whoever disposes or by the call that threw; calls
/// under way on other threads may still end after that.
/// </remarks>
public sealed class TreeSubscription : IDisposable
{
    private volatile Action<TreeChange>? _onChange;
    private Exception? _error;

    internal TreeSubscription(Action<TreeChange> onChange) => _onChange = onChange;

    /// <summary>What the subscriber has thrown, which ended the subscription; null if it has not.</summary>
    public Exception? Error => Volatile.Read(ref _error);

    /// <summary>Ends the subscription. A call that is under way on another thread is not waited for.</summary>
    public void Dispose()
    {
        _onChange = null;
        TreeEvents.Unsubscribe(this);
    }

    internal void Tell(TreeChange change)
    {
        try
        {
            _onChange?.Invoke(change);
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _error, e, null);
            Dispose();
            throw;
        }
    }
}
