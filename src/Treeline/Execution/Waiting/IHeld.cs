namespace Treeline;

/// <summary>
/// A primitive that somebody holds while others wait for it, such as a lock or a permit. Knowing who lets a wait be shown
/// with the holder's path, and deadlocks be found (<see cref="TaskTree.FindDeadlocks"/>).
/// </summary>
internal interface IHeld : IWaitQueue
{
    /// <summary>
    /// Adds the nodes whose code took it and has not given it back. That any one of them gives it back lets a waiter go on.
    /// Adds none when it does not know. Called by anybody at any time, with no gate held.
    /// </summary>
    internal void AddHolders(List<NodeRef> into);
}
