using System.Globalization;

namespace Treeline;

/// <summary>
/// Why a subtree was cancelled. One object is shared by all nodes that one call cancelled; the first cause a node
/// gets stays.
/// </summary>
/// <param name="Origin">The node that was cancelled; the others were below it.</param>
/// <param name="Kind">Who asked.</param>
internal sealed record CancelCause(CancelScope Origin, CancelKind Kind)
{
    /// <summary>The caller's words (<see cref="CancelKind.Requested"/>), if any.</summary>
    public string? Words { get; init; }

    /// <summary>Which node failed (<see cref="CancelKind.Failure"/>).</summary>
    public TreeNode? FailedNode { get; init; }

    /// <summary>What it failed with.</summary>
    public Exception? Error { get; init; }

    /// <summary>
    /// The time that was allowed (<see cref="CancelKind.Deadline"/>, <see cref="CancelKind.GraceOver"/>); null: there was a
    /// <see cref="Deadline"/>.
    /// </summary>
    public TimeSpan? Time { get; init; }

    /// <summary>The deadline that has passed (<see cref="CancelKind.Deadline"/>).</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Why, in words that end up in exception messages. Put together only when somebody asks.</summary>
    public string Reason => Kind switch
    {
        CancelKind.Requested => Words ?? $"Cancel was called on '{Origin.Path}'",
        CancelKind.OuterToken => $"the token given to '{Origin.Path}' was cancelled",
        CancelKind.Failure => $"'{FailedNode!.Path}' failed ({Error!.GetType().Name}: {Error.Message})",
        CancelKind.Deadline when Time is { } time => $"'{Origin.Path}' timed out after {time}",
        CancelKind.Deadline => string.Create(CultureInfo.InvariantCulture, $"'{Origin.Path}' has passed its deadline of {Deadline:O}"),
        CancelKind.GraceOver => $"'{Origin.Path}' was asked to stop, and had not ended after {Time}",
        CancelKind.Decided => $"the policy of '{Origin.Path}' needs no more of its children",
        _ => $"'{Origin.Parent!.Path}' ended without closing '{Origin.Name}'",
    };
}
