namespace Treeline;

/// <summary>What sort of node a <see cref="NodeSnapshot"/> shows.</summary>
public enum NodeKind
{
    /// <summary>A <see cref="TaskScope"/>.</summary>
    Scope,

    /// <summary>A <see cref="ChildTask"/>.</summary>
    Child,

    /// <summary>A <see cref="Treeline.CancelScope"/> that owns no tasks.</summary>
    CancelScope,
}
