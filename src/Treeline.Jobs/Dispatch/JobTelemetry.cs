using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Treeline.Jobs;

/// <summary>
/// The traces and metrics of all job servers of the process, both under the name <c>Treeline.Jobs</c>: a span per attempt,
/// counters of what became of jobs, histograms of how long they waited and ran.
/// </summary>
internal static class JobTelemetry
{
    public const string Name = "Treeline.Jobs";

    private const string TypeTag = "job.type";

    private static readonly ActivitySource s_source = new(Name);
    private static readonly Meter s_meter = new(Name);
    private static readonly Counter<long> s_submitted =
        s_meter.CreateCounter<long>("treeline.jobs.submitted", "{job}", "Jobs that were enqueued.");

    private static readonly Counter<long> s_succeeded =
        s_meter.CreateCounter<long>("treeline.jobs.succeeded", "{job}", "Jobs that are done.");

    private static readonly Counter<long> s_failed =
        s_meter.CreateCounter<long>("treeline.jobs.failed", "{job}", "Jobs that were given up.");

    private static readonly Counter<long> s_retried =
        s_meter.CreateCounter<long>("treeline.jobs.retried", "{attempt}", "Failed attempts after which the job waits for another.");

    private static readonly Counter<long> s_cancelled =
        s_meter.CreateCounter<long>("treeline.jobs.cancelled", "{job}", "Jobs that were cancelled.");

    private static readonly Histogram<double> s_duration =
        s_meter.CreateHistogram<double>("treeline.jobs.duration", "s", "How long attempts took.");

    private static readonly Histogram<double> s_queueLatency =
        s_meter.CreateHistogram<double>("treeline.jobs.queue_latency", "s", "From when a job was due until an attempt began.");

    public static void Submitted(string type) => s_submitted.Add(1, Tag(type));

    public static void Cancelled(string type) => s_cancelled.Add(1, Tag(type));

    public static void GivenUp(string type) => s_failed.Add(1, Tag(type));

    public static Activity? BeginAttempt(ClaimedJob job)
    {
        s_queueLatency.Record((job.ClaimedAt - job.DueAt).TotalSeconds, Tag(job.Type));
        Activity? span = s_source.StartActivity($"job {job.Type}", ActivityKind.Consumer);
        span?.SetTag("job.id", job.Id).SetTag(TypeTag, job.Type).SetTag("job.attempt", job.Attempt);
        return span;
    }

    /// <param name="span">What <see cref="BeginAttempt"/> returned.</param>
    /// <param name="job">The job.</param>
    /// <param name="end">How the attempt ended.</param>
    /// <param name="became">What became of the job; null if its lease was lost.</param>
    /// <param name="took">How long the attempt took.</param>
    public static void EndAttempt(Activity? span, ClaimedJob job, AttemptEnd end, JobState? became, TimeSpan took)
    {
        s_duration.Record(took.TotalSeconds, Tag(job.Type));
        Counter<long>? counter = became switch
        {
            JobState.Succeeded => s_succeeded,
            JobState.Failed => s_failed,
            JobState.Cancelled => s_cancelled,
            JobState.Pending when end.Kind == AttemptEndKind.Failed => s_retried,
            _ => null,
        };
        counter?.Add(1, Tag(job.Type));
        span?.SetTag("job.state", became?.ToString() ?? "LeaseLost");
        if (end.Error is { } error)
        {
            span?.SetStatus(ActivityStatusCode.Error, error);
        }
    }

    private static KeyValuePair<string, object?> Tag(string type) => new(TypeTag, type);
}
