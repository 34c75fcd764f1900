using System.Text.Json;

namespace Treeline.Jobs;

/// <summary>A job to submit.</summary>
/// <param name="Type">The name under which its handler was added to <see cref="JobHandlers"/>.</param>
public sealed record NewJob(string Type)
{
    /// <summary>What the handler gets; each handler says what it takes.</summary>
    public JsonElement? Args { get; init; }

    /// <summary>How often to try before the job is given up, 1 to 100.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>How long to wait before the first attempt, zero to 365 days.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Among the jobs that are due, higher goes first; -1000 to 1000.</summary>
    public int Priority { get; init; }
}
