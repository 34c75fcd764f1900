namespace Treeline;

/// <summary>What a node waited for when it was looked at; the default value: nothing that Treeline knows of.</summary>
/// <remarks>
/// <b>Protocol.</b> Whoever waits leaves the target and its life with its node, and does not take them back. Objects that are
/// waited for are used again, and count their lives: a child its versions, a waiter its incarnations. So a link whose
/// target lives another life, or has ended, shows nothing. Two links that are equal at two times are one wait that lasted
/// all the while between.
/// </remarks>
/// <param name="Target">The child, the scope or the waiter.</param>
/// <param name="Life">Which life of it; 0 for a scope, which has one.</param>
internal readonly record struct WaitLink(object? Target, int Life)
{
    /// <summary>Of a waiter: what it stands in line for. Null also where that has no name.</summary>
    public IWaitQueue? Queue { get; private init; }

    /// <summary>True if the code goes on by itself, or may, though the target does not let it: there is a time limit, or
    /// the wait was turned into a task, of which nobody knows who awaits it.</summary>
    public bool MayPass { get; private init; }

    /// <summary>The link, if that wait still lasts.</summary>
    public static WaitLink To(object? target, int life) => target switch
    {
        ChildNode child when !child.HasEnded(life) => new WaitLink(child, life),
        TaskScope { IsClosed: false, State: not NodeState.Abandoned } scope => new WaitLink(scope, 0),
        WaiterBase waiter when waiter.TryShow(life, out IWaitQueue? queue, out bool isLimited, out bool isDetached) =>
            new WaitLink(waiter, life) { Queue = queue, MayPass = isLimited || isDetached },
        _ => default,
    };

    /// <summary>The node that is waited for; null if it is something else, or is gone.</summary>
    public NodeRef? Node => Target is TreeNode node ? new NodeRef(node, Life) : null;
}
