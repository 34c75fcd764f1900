namespace Treeline;

/// <summary>What has happened to a node.</summary>
public enum TreeChangeKind
{
    /// <summary>It is in the tree now. A child's code may not have begun.</summary>
    Started,

    /// <summary>It has ended, and everything below it has.</summary>
    Ended,
}
