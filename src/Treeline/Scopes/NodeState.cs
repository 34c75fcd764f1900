namespace Treeline;

/// <summary>What a node of the tree is doing, or how it ended.</summary>
public enum NodeState
{
    /// <summary>Spawned; its code has not begun.</summary>
    Pending,

    /// <summary>Its code runs or waits.</summary>
    Running,

    /// <summary>Its own code has returned; it waits for what is nested in it.</summary>
    Joining,

    /// <summary>Its cancellation has been requested; it is still unwinding.</summary>
    Cancelling,

    /// <summary>
    /// A scope that gave up (see <see cref="ScopeOptions.Patience"/>): it has failed, and what is nested in it still runs.
    /// </summary>
    Abandoned,

    /// <summary>Ended without an error.</summary>
    Succeeded,

    /// <summary>Ended with an error.</summary>
    Failed,

    /// <summary>Ended because it was cancelled, or never began for that reason.</summary>
    Cancelled,
}
