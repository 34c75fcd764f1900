namespace Treeline.Bench;

/// <summary>One job, done by Treeline in one or more ways, and by what a .NET developer writes today.</summary>
internal sealed record Row
{
    /// <summary>What is measured.</summary>
    public required string Name { get; init; }

    /// <summary>What .NET's side is, in a few words.</summary>
    public required string Peer { get; init; }

    /// <summary>How many operations one run of a trial does.</summary>
    public required int Operations { get; init; }

    /// <summary>How often each who does it has its turn. Fewer where a single run takes seconds.</summary>
    public int Rounds { get; init; } = 15;

    /// <summary>What the figures count.</summary>
    public Unit Unit { get; init; }

    public required IReadOnlyList<Side> Sides { get; init; }

    /// <summary>The same job without Treeline.</summary>
    public required Trial Theirs { get; init; }

    /// <summary>The name that the twins know the job by; null when none of them does it.</summary>
    public string? Twin { get; init; }
}
