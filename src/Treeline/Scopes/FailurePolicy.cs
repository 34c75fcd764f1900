namespace Treeline;

/// <summary>What the failure of one child means for its siblings.</summary>
public enum FailurePolicy
{
    /// <summary>The first failure cancels the siblings and surfaces from the scope. The default.</summary>
    FailFast,

    /// <summary>
    /// A child's failure stays its own: the siblings run on. A failure that nobody looked at (by awaiting the child or
    /// reading its outcome) surfaces from the scope when it ends.
    /// </summary>
    Supervise,
}
