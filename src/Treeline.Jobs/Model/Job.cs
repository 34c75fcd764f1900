using System.Text.Json;

namespace Treeline.Jobs;

/// <summary>A job as the store knows it.</summary>
public sealed record Job
{
    /// <summary>Its number; later jobs have higher ones, and none is ever used twice.</summary>
    public required long Id { get; init; }

    /// <summary>The name of its handler.</summary>
    public required string Type { get; init; }

    /// <summary>What its handler gets.</summary>
    public JsonElement? Args { get; init; }

    /// <summary>Where it stands.</summary>
    public required JobState State { get; init; }

    /// <summary>Attempts begun, the running one included. One cut short by a server that stops is not counted.</summary>
    public required int Attempts { get; init; }

    /// <summary>Attempts it may have.</summary>
    public required int MaxAttempts { get; init; }

    /// <summary>Among the jobs that are due, higher goes first.</summary>
    public required int Priority { get; init; }

    /// <summary>When it was submitted.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The earliest time of its next attempt; for a job that runs or is done, of its last one.</summary>
    public required DateTimeOffset RunAt { get; init; }

    /// <summary>When its latest attempt began.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it reached a final state.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>What its handler returned.</summary>
    public JsonElement? Result { get; init; }

    /// <summary>What its latest failed attempt died of; null once it has succeeded.</summary>
    public string? Error { get; init; }

    /// <summary>True once somebody asked to cancel it, even if it finished first.</summary>
    public bool CancelRequested { get; init; }
}
