using Microsoft.Extensions.Logging;

namespace Treeline.Jobs;

/// <summary>What a job server logs.</summary>
internal static partial class JobLog
{
    [LoggerMessage(1, LogLevel.Information, "Job server running: {Workers} workers on {DataFile}.")]
    public static partial void Running(this ILogger log, int workers, string dataFile);

    [LoggerMessage(2, LogLevel.Information, "Stopping: no new jobs; {Running} running ones have {Grace} to finish.")]
    public static partial void Stopping(this ILogger log, int running, TimeSpan grace);

    [LoggerMessage(3, LogLevel.Warning, "Cancelling {Running} running jobs: {Reason}.")]
    public static partial void Cancelling(this ILogger log, int running, string reason);

    [LoggerMessage(4, LogLevel.Error, "Would not stop within {Patience} of being cancelled, and is still running: {Path}.")]
    public static partial void WouldNotStop(this ILogger log, TimeSpan patience, string path);

    [LoggerMessage(5, LogLevel.Information, "Job server stopped.")]
    public static partial void Stopped(this ILogger log);

    [LoggerMessage(10, LogLevel.Debug, "Job {Id} ({Type}), attempt {Attempt} of {MaxAttempts}: {State}.")]
    public static partial void AttemptEnded(this ILogger log, long id, string type, int attempt, int maxAttempts, JobState state);

    [LoggerMessage(11, LogLevel.Warning, "Job {Id} ({Type}), attempt {Attempt} of {MaxAttempts} failed; next in {RetryAfter}.")]
    public static partial void AttemptFailed(
        this ILogger log, Exception? error, long id, string type, int attempt, int maxAttempts, TimeSpan retryAfter);

    [LoggerMessage(12, LogLevel.Error, "Job {Id} ({Type}) failed for good after {Attempts} attempts.")]
    public static partial void GivenUp(this ILogger log, Exception? error, long id, string type, int attempts);

    [LoggerMessage(13, LogLevel.Information, "Job {Id} ({Type}) goes back to pending: the server stopped during attempt {Attempt}.")]
    public static partial void CutShort(this ILogger log, Exception? error, long id, string type, int attempt);

    [LoggerMessage(14, LogLevel.Warning, "Job {Id} ({Type}), attempt {Attempt}: its lease was lost, so its end is not recorded.")]
    public static partial void LeaseLost(this ILogger log, long id, string type, int attempt);

    [LoggerMessage(15, LogLevel.Warning, "Took back {Jobs} jobs whose worker died or lost its lease.")]
    public static partial void Recovered(this ILogger log, int jobs);

    [LoggerMessage(20, LogLevel.Error, "Claiming jobs failed; trying again in {Pause}.")]
    public static partial void ClaimFailed(this ILogger log, Exception error, TimeSpan pause);

    [LoggerMessage(21, LogLevel.Error, "Renewing leases or taking back those of the dead failed; trying again in {Pause}.")]
    public static partial void LeasesNotKept(this ILogger log, Exception error, TimeSpan pause);

    [LoggerMessage(22, LogLevel.Error, "The end of job {Id} ({Type}) could not be recorded; trying again in {Pause}.")]
    public static partial void EndNotRecorded(this ILogger log, Exception error, long id, string type, TimeSpan pause);

    [LoggerMessage(23, LogLevel.Error, "The end of job {Id} ({Type}) could not be recorded. The job will run again when its lease expires.")]
    public static partial void EndGivenUp(this ILogger log, Exception error, long id, string type);
}
