namespace Treeline;

/// <summary>Which failures of children surface from a scope.</summary>
public enum SurfacingFailures
{
    /// <summary>None.</summary>
    None,

    /// <summary>Those that nobody looked at by awaiting the child or reading its outcome.</summary>
    Unobserved,

    /// <summary>All.</summary>
    All,
}
