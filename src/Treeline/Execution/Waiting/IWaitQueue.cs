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
    /// Asked before a token ends a wait, by those primitives answered otherwise where giving up takes more than leaving the list.
    /// True: it may. False: the waiter is claimed already, or the primitive has <see cref="WaiterBase.GiveUp">ended</see> it
    /// itself and completes it when the time has come. Such a primitive decides this under its gate, by whether the waiter is
    /// still pending, takes those out that may give up, and so knows that it can claim all who stand in its list. It sets no
    /// time limits, and is no case of a select. Called with no gate held.
    /// </summary>
    internal bool MayGiveUp(WaiterBase waiter) => true;
}
