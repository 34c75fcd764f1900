namespace Treeline;

/// <summary>Why a subtree was asked to stop softly. One object is shared by all nodes that one call reached.</summary>
/// <param name="Origin">The node that was asked; the others are below it.</param>
/// <param name="Words">The caller's reason, if any.</param>
internal sealed record StopCause(CancelScope Origin, string? Words)
{
    /// <summary>Why, in words. Put together only when somebody asks.</summary>
    public string Reason => Words ?? $"Stop was called on '{Origin.Path}'";
}
