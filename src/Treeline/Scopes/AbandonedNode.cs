namespace Treeline;

/// <summary>One of the tasks in an <see cref="AbandonedException"/>: it has not ended, and nobody waits for it any more.</summary>
public sealed class AbandonedNode
{
    internal AbandonedNode(string path, NodeSnapshot node)
    {
        Path = path;
        SpawnSite = node.SpawnSite;
        Age = node.Age;
        WaitsOn = node.WaitsOn;
    }

    /// <summary>Where it was in the tree.</summary>
    public string Path { get; }

    /// <summary>The file and line that spawned it, such as <c>Program.cs:12</c>.</summary>
    public string SpawnSite { get; }

    /// <summary>How long it had lived.</summary>
    public TimeSpan Age { get; }

    /// <inheritdoc cref="NodeSnapshot.WaitsOn"/>
    public string? WaitsOn { get; }

    /// <summary>The path, where it was spawned, its age and what it waited on.</summary>
    public override string ToString() => $"'{Path}', spawned at {SpawnSite} {Age.TotalSeconds:0.0} s ago, {Doing}";

    private string Doing => WaitsOn is { } what ? $"waiting on {what}" : "running, or waiting on something outside Treeline";
}
