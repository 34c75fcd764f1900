namespace Treeline.Jobs;

/// <summary>What a claim brought.</summary>
/// <param name="Jobs">The jobs, in the order in which to start them.</param>
/// <param name="NextDue">If fewer were due than asked for: when the next one will be, if there is any.</param>
internal sealed record Claim(IReadOnlyList<ClaimedJob> Jobs, DateTimeOffset? NextDue);
