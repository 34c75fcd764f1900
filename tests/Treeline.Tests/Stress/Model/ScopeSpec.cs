namespace Treeline.Tests.Stress.Model;

/// <summary>A task scope of a program: its options, and its body unless it is opened by hand.</summary>
internal sealed class ScopeSpec
{
    public required int Id { get; init; }

    public bool Fibers { get; set; }

    public PolicySpec Policy { get; set; }

    public long? Timeout { get; set; }

    /// <summary>The time limit is given as a point in time.</summary>
    public bool AsDeadline { get; set; }

    public long? Grace { get; set; }

    public long? Patience { get; set; }

    public bool Shield { get; set; }

    public int? MaxConcurrency { get; set; }

    public OuterToken Outer { get; set; }

    public CodeSpec Body { get; set; } = new();
}
