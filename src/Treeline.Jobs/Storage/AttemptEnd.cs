namespace Treeline.Jobs;

/// <summary>How an attempt ended, as the worker saw it; what becomes of the job is the store's to say.</summary>
/// <param name="Kind">In which way.</param>
/// <param name="Result">What the handler returned, as JSON.</param>
/// <param name="Error">What it died of.</param>
/// <param name="RetryAfter">How long to wait before the next attempt, if there is one.</param>
internal sealed record AttemptEnd(AttemptEndKind Kind, string? Result = null, string? Error = null, TimeSpan RetryAfter = default);
