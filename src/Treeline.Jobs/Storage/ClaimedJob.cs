namespace Treeline.Jobs;

/// <summary>A job whose lease this server holds, for one attempt.</summary>
/// <param name="Id">The job.</param>
/// <param name="Fence">Names this claim; ending or renewing the attempt takes it.</param>
/// <param name="Type">The name of its handler.</param>
/// <param name="Args">What its handler gets, as JSON.</param>
/// <param name="Attempt">Which attempt this is, from 1.</param>
/// <param name="MaxAttempts">How many there may be.</param>
/// <param name="DueAt">When it could have started.</param>
/// <param name="ClaimedAt">When it was claimed.</param>
internal sealed record ClaimedJob(
    long Id,
    long Fence,
    string Type,
    string? Args,
    int Attempt,
    int MaxAttempts,
    DateTimeOffset DueAt,
    DateTimeOffset ClaimedAt);
