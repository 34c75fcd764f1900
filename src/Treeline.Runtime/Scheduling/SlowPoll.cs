namespace Treeline;

/// <summary>A piece of code that has kept a worker for too long without awaiting anything; it may do so still.</summary>
/// <param name="Task">Its path in the tree, or the async method it is in, as far as that is known.</param>
/// <param name="SpawnSite">Where the task was spawned; null where that is not known.</param>
/// <param name="Elapsed">For how long at least, when it was seen.</param>
/// <param name="Thread">The name of the thread.</param>
public sealed record SlowPoll(string Task, string? SpawnSite, TimeSpan Elapsed, string? Thread)
{
    /// <summary>A sentence.</summary>
    public override string ToString() =>
        $"{Task}{(SpawnSite is null ? string.Empty : $" (spawned at {SpawnSite})")} has kept '{Thread}' for {Elapsed.TotalMilliseconds:0} ms "
        + "without awaiting anything. Code that blocks belongs in SpawnBlocking; code that computes for long yields now and then.";
}
