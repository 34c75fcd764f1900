namespace Treeline;

/// <summary>What waiters wait for: the primitive that owns the list they stand in. Its text is what the wait is called.</summary>
internal interface IWaitQueue
{
    /// <summary>
    /// Takes a waiter that gave up out of the list, under the primitive's gate; does nothing if it is not in it any more.
    /// Called with no gate held.
    /// </summary>
    internal void Remove(WaiterBase waiter);
}
