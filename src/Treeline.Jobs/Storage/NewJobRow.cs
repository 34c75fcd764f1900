namespace Treeline.Jobs;

/// <summary>A job that was found valid, ready to be inserted.</summary>
internal sealed record NewJobRow(string Type, string? Args, int MaxAttempts, int Priority, TimeSpan Delay);
