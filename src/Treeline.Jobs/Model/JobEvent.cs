namespace Treeline.Jobs;

/// <summary>A job reached a state.</summary>
/// <param name="Id">The job.</param>
/// <param name="Type">The name of its handler.</param>
/// <param name="State">The state it reached.</param>
/// <param name="Attempts">Attempts begun so far.</param>
/// <param name="Error">What the attempt died of, if it did.</param>
/// <param name="At">When.</param>
public sealed record JobEvent(long Id, string Type, JobState State, int Attempts, string? Error, DateTimeOffset At)
{
    /// <summary>How many events just before this one were dropped because their reader was too slow.</summary>
    public long Missed { get; init; }
}
