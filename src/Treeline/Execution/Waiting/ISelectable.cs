namespace Treeline;

/// <summary>A primitive one may wait for as one of several things: a case of a <see cref="Select{TResult}"/>.</summary>
/// <typeparam name="T">What the primitive gives.</typeparam>
internal interface ISelectable<T> : IWaitQueue
{
    /// <summary>
    /// Puts a branch in. Under its gate the primitive looks whether it could give at once: if so, and the branch can be
    /// claimed, it takes what it gives, and completes (or fails) the branch outside the gate; if not, the branch goes last in the
    /// list. A branch that cannot be claimed belongs to a select that is decided: nothing is done with it. Called with no gate held.
    /// </summary>
    internal void Enter(Waiter<T> branch);
}
