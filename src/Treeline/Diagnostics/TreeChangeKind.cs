namespace Treeline;

/// <summary>What has happened to a node.</summary>
public enum TreeChangeKind
{
    /// <summary>It is in the tree now. A child's code may not have begun.</summary>
    Started,

    /// <summary>
    /// A scope that gave up (see <see cref="ScopeOptions.Patience"/>): nobody waits for it any more, though what is nested in it
    /// still runs. Its end may follow, much later or never.
    /// </summary>
    Abandoned,

    /// <summary>It has ended, and everything below it has.</summary>
    Ended,
}
