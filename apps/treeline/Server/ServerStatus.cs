using System.Diagnostics;
using Treeline.App.Wire;
using Treeline.Jobs;

namespace Treeline.App.Server;

/// <summary>How the server is doing, as <c>/status</c> and <c>/events</c> report it.</summary>
/// <param name="jobs">The jobs.</param>
/// <param name="runtime">What they run on; null: the thread pool.</param>
internal sealed class ServerStatus(JobServer jobs, Runtime? runtime)
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private volatile bool _stopping;

    /// <summary>True from the first stop signal on.</summary>
    public bool Stopping => _stopping;

    public void BeginStopping() => _stopping = true;

    /// <summary>Reads the counts. Cancellation: nothing is changed either way.</summary>
    public async Task<StatusBody> ReadAsync(CancellationToken cancellationToken)
    {
        JobCounts counts = await jobs.CountAsync(cancellationToken);
        return new StatusBody(
            counts.Pending,
            counts.Running,
            counts.Succeeded,
            counts.Failed,
            counts.Cancelled,
            jobs.Workers,
            (long)Stopwatch.GetElapsedTime(_started).TotalMilliseconds,
            _stopping,
            runtime is null ? null : RuntimeBody.Of(runtime.Metrics));
    }
}
