using Treeline.Jobs;

namespace Treeline.App.Wire;

/// <summary>The data of a <c>job</c> event of <c>GET /events</c>: a job's new state.</summary>
internal sealed record JobEventBody(
    long Id,
    string Type,
    JobState State,
    int Attempts,
    string? Error,
    DateTimeOffset At);
