using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Treeline.Jobs;

/// <summary>Runs one attempt of a job in a scope of its own, and records how it ended.</summary>
internal sealed class AttemptRunner(JobStore store, RunningJobs running, JobServerOptions options, ILoggerFactory logs)
{
    // Enough to sit out a hiccup of the disk. A job whose end cannot be recorded runs again when its lease expires.
    private const int TriesToRecord = 5;

    // What is kept of an error's text.
    private const int LongestError = 16 * 1024;

    private static readonly TimeSpan s_pauseToRecord = TimeSpan.FromSeconds(1);

    private readonly ILogger _log = logs.CreateLogger<JobServer>();
    private readonly Backoff _backoff = new(options.RetryBase, options.RetryCap, Random.Shared);

    /// <param name="job">The claimed job.</param>
    /// <param name="server">Cancelled when the server stops hard; the attempt runs below it.</param>
    public async Task RunAsync(ClaimedJob job, CancelScope server)
    {
        RunningAttempt attempt = running.Find(job.Id, job.Fence)
            ?? throw new InvalidOperationException($"Job {job.Id} was handed to a worker without being claimed.");
        using Activity? span = JobTelemetry.BeginAttempt(job);
        long began = options.TimeProvider.GetTimestamp();
        AttemptEnd end;
        Exception? error = null;
        try
        {
            end = new AttemptEnd(AttemptEndKind.Succeeded, Result: await RunHandlerAsync(attempt));
        }
        catch (Exception e)
        {
            // Whatever a handler throws ends its attempt, never the worker.
            error = e;
            end = Judge(attempt, server, e);
        }

        JobState? became = await RecordAsync(job, end);
        JobTelemetry.EndAttempt(span, job, end, became, options.TimeProvider.GetElapsedTime(began));
        Report(job, end, became, error);
    }

    private static string Describe(Exception error)
    {
        string text = error is JobFailedException ? error.Message : $"{error.GetType().Name}: {error.Message}";
        return text.Length <= LongestError ? text : string.Concat(text.AsSpan(0, LongestError), "…");
    }

    private async Task<string?> RunHandlerAsync(RunningAttempt attempt)
    {
        ClaimedJob job = attempt.Job;
        return await TaskScope.RunAsync(
            async scope =>
            {
                attempt.Begin(scope);
                RegisteredHandler handler = options.Handlers.Find(job.Type) ?? throw new JobFailedException(
                    $"This server has no handler for '{job.Type}'; it knows {string.Join(", ", options.Handlers.Types)}.");
                ILogger log = logs.CreateLogger($"Treeline.Jobs.Handlers.{job.Type}");
                var context = new JobContext(job, scope, log, options.TimeProvider);
                object? result = await handler.Run(context, scope.Token);
                return result is null ? null : JsonSerializer.Serialize(result, JsonSerializerOptions.Web);
            },
            new ScopeOptions { Name = $"job {job.Id} ({job.Type})", TimeProvider = options.TimeProvider });
    }

    /// <summary>
    /// What an exception out of the job's scope means. Once the attempt was told to stop, whatever it throws is how it
    /// stopped: libraries wrap their cancellation in exceptions of their own, and a job must not run out of attempts because
    /// of a shutdown.
    /// </summary>
    private AttemptEnd Judge(RunningAttempt attempt, CancelScope server, Exception error)
    {
        string? text = error is OperationCanceledException ? null : Describe(error);
        return attempt.Reason switch
        {
            StopReason.CancelRequested => new AttemptEnd(AttemptEndKind.Cancelled, Error: text),
            StopReason.LeaseLost => new AttemptEnd(AttemptEndKind.CutShort),
            _ when server.IsCancellationRequested => new AttemptEnd(AttemptEndKind.CutShort),
            _ => new AttemptEnd(AttemptEndKind.Failed, Error: Describe(error), RetryAfter: _backoff.After(attempt.Job.Attempt)),
        };
    }

    private async Task<JobState?> RecordAsync(ClaimedJob job, AttemptEnd end)
    {
        for (int tries = 1; ; tries++)
        {
            try
            {
                return await store.EndAsync(job, end);
            }
            catch (JobStoreException e) when (tries < TriesToRecord)
            {
                _log.EndNotRecorded(e, job.Id, job.Type, s_pauseToRecord);
            }
            catch (Exception e) when (e is JobStoreException or ObjectDisposedException)
            {
                _log.EndGivenUp(e, job.Id, job.Type);
                running.Remove(job);
                return null;
            }

            await Clock.Delay(s_pauseToRecord, options.TimeProvider);
        }
    }

    private void Report(ClaimedJob job, AttemptEnd end, JobState? became, Exception? error)
    {
        switch (became)
        {
            case null:
                _log.LeaseLost(job.Id, job.Type, job.Attempt);
                break;
            case JobState.Failed:
                _log.GivenUp(error, job.Id, job.Type, job.Attempt);
                break;
            case JobState.Pending when end.Kind == AttemptEndKind.CutShort:
                _log.CutShort(error is OperationCanceledException ? null : error, job.Id, job.Type, job.Attempt);
                break;
            case JobState.Pending:
                _log.AttemptFailed(error, job.Id, job.Type, job.Attempt, job.MaxAttempts, end.RetryAfter);
                break;
            default:
                _log.AttemptEnded(job.Id, job.Type, job.Attempt, job.MaxAttempts, became.Value);
                break;
        }
    }
}
