namespace Treeline.Jobs;

/// <summary>How a job server came to rest.</summary>
/// <param name="Clean">True if nothing it started is still running.</param>
/// <param name="StillRunning">
/// The tree paths of what would not stop: it ignored its cancellation for longer than
/// <see cref="JobServerOptions.Patience"/>, and goes on until it ends by itself or the process does.
/// </param>
public sealed record ShutdownReport(bool Clean, IReadOnlyList<string> StillRunning);
