namespace Treeline;

/// <summary>One node of a circle of a <see cref="DeadlockReport"/>. It waits for the next one, the last for the first.</summary>
public sealed class DeadlockedNode
{
    internal DeadlockedNode(long id, string path, string spawnSite, string waitsOn)
    {
        Id = id;
        Path = path;
        SpawnSite = spawnSite;
        WaitsOn = waitsOn;
    }

    /// <summary>The node's number, as <see cref="NodeSnapshot.Id"/>.</summary>
    public long Id { get; }

    /// <summary>The names from the top of the tree down to it; of a very deep one, the last of them.</summary>
    public string Path { get; }

    /// <summary>The file and line that created it, such as <c>Program.cs:12</c>.</summary>
    public string SpawnSite { get; }

    /// <summary>What it waits for, and who has that.</summary>
    public string WaitsOn { get; }

    /// <summary>A line of the report.</summary>
    public override string ToString() => $"{Path} (spawned at {SpawnSite}) waits on {WaitsOn}";
}
