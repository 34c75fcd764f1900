namespace Treeline;

/// <summary>What waiters wait for: the primitive that owns the list they stand in. Its text is what the wait is called.</summary>
internal interface IWaitQueue
{
    /// <summary>
    /// Takes a waiter that gave up out of the list, under the primitive's gate; does nothing if it is not in it any more.
    /// Called with no gate held.
    /// </summary>
    internal void Remove(WaiterBase waiter);

    /// <summary>
    /// Asked before a token ends a wait. True, as almost always: it may. False: the waiter is claimed already, or the primitive has
    /// <see cref="WaiterBase.GiveUp">ended</see> the wait itself, and completes it when the time has come. A primitive that does
    /// not always say true decides under its gate, by whether the waiter is still pending, and takes out of its list who may give
    /// up; so it can claim all who stand there. It sets no time limits, and is no case of a select. Called with no gate held.
    /// </summary>
    internal bool MayGiveUp(WaiterBase waiter) => true;
}
