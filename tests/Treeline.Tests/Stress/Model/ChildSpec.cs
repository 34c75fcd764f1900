namespace Treeline.Tests.Stress.Model;

/// <summary>A child of a program: code, or a scope that is spawned.</summary>
internal sealed class ChildSpec
{
    public required int Id { get; init; }

    public bool Fiber { get; set; }

    /// <summary>Without a name its object may be used again when it has ended.</summary>
    public bool Named { get; set; }

    /// <summary>What it does; null: it is the scope.</summary>
    public CodeSpec? Code { get; set; }

    public ScopeSpec? Scope { get; set; }
}
