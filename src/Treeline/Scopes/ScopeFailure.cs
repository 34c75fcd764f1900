namespace Treeline;

/// <summary>One of the failures in a <see cref="ScopeException"/>.</summary>
/// <param name="Path">The place in the tree of the node that failed.</param>
/// <param name="Exception">What it threw.</param>
public sealed record ScopeFailure(string Path, Exception Exception);
