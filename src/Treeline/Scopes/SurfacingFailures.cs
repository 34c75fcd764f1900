namespace Treeline;

/// <summary>Which failures of children surface from a scope.</summary>
public enum SurfacingFailures
{
    /// <summary>
    /// None of those from before the scope was cancelled. What fails after that fails in cleaning up, or did not listen, and
    /// surfaces all the same.
    /// </summary>
    None,

    /// <summary>Those that nobody looked at by awaiting the child or reading its outcome.</summary>
    Unobserved,

    /// <summary>All.</summary>
    All,
}
