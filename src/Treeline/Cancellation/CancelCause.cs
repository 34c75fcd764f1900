namespace Treeline;

/// <summary>
/// Why a subtree was cancelled. One object is shared by all nodes that one call cancelled; the first cause a node
/// gets stays.
/// </summary>
/// <param name="Origin">The node that was cancelled; the others were below it.</param>
/// <param name="Kind">Who asked.</param>
/// <param name="Reason">Why, in words that end up in exception messages.</param>
internal sealed record CancelCause(CancelScope Origin, CancelKind Kind, string Reason);
