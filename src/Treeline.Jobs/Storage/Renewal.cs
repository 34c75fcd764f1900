namespace Treeline.Jobs;

/// <summary>What a renewal of leases found.</summary>
/// <param name="Lost">Attempts whose lease is held by somebody else, or by nobody, by now.</param>
/// <param name="CancelRequested">Attempts whose job somebody asked to cancel.</param>
internal sealed record Renewal(List<RunningAttempt> Lost, List<RunningAttempt> CancelRequested);
