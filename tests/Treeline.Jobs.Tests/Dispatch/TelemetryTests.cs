using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Treeline.Jobs.Tests;

/// <remarks>Meters are the process's; a type of job that only this class uses tells its own measurements apart.</remarks>
public sealed class TelemetryTests : IDisposable
{
    private readonly ConcurrentQueue<Activity> _spans = [];
    private readonly ConcurrentDictionary<string, double> _totals = [];
    private readonly ActivityListener _activities;
    private readonly MeterListener _meters = new();

    public TelemetryTests()
    {
        _activities = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Treeline.Jobs",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = span =>
            {
                if (span.DisplayName.StartsWith("job telemetry", StringComparison.Ordinal))
                {
                    _spans.Enqueue(span);
                }
            },
        };
        ActivitySource.AddActivityListener(_activities);
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "Treeline.Jobs")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        _meters.Start();
    }

    public void Dispose()
    {
        _activities.Dispose();
        _meters.Dispose();
    }

    [Fact]
    public async Task Attempts_have_spans_and_outcomes_are_counted()
    {
        var gate = new Gate();
        using var logs = new LogRecorder();
        JobHandlers handlers = new JobHandlers()
            .Add("telemetry ok", (job, _) =>
            {
                job.Log.Log(LogLevel.Information, default, job.JobId, null, (id, _) => $"hello from {id}");
                return Task.FromResult<object?>(Activity.Current?.DisplayName);
            })
            .Add("telemetry bad", (_, _) => throw new IOException("no luck"))
            .Add("telemetry gate", gate.Handler);
        await using (TestServer server = await TestServer.StartAsync(handlers, logs: logs))
        {
            long ok = await server.SubmitAsync("telemetry ok", delay: TimeSpan.FromSeconds(2));
            Job job = await server.AdvanceUntilAsync(ok, JobState.Succeeded, TimeSpan.FromSeconds(1));
            Assert.Equal("job telemetry ok", job.Result!.Value.GetString());
            long bad = await server.SubmitAsync("telemetry bad", maxAttempts: 2);
            await server.AdvanceUntilAsync(bad, JobState.Failed, TimeSpan.FromSeconds(1));
            long running = await server.SubmitAsync("telemetry gate");
            await gate.ArrivalAsync(running);
            await server.Server.CancelAsync(running);
            await server.UntilAsync(running, JobState.Cancelled);
            long pending = await server.SubmitAsync("telemetry gate", delay: TimeSpan.FromDays(1));
            await server.Server.CancelAsync(pending);
        }

        Assert.Equal(4, _totals["treeline.jobs.submitted"]);
        Assert.Equal(1, _totals["treeline.jobs.succeeded"]);
        Assert.Equal(1, _totals["treeline.jobs.retried"]);
        Assert.Equal(1, _totals["treeline.jobs.failed"]);
        Assert.Equal(2, _totals["treeline.jobs.cancelled"]);
        Assert.True(_totals.ContainsKey("treeline.jobs.duration"));
        Assert.True(_totals.ContainsKey("treeline.jobs.queue_latency"));

        // A job shows its new state a little before its span stops: the order of two jobs' spans says nothing.
        Assert.Equal(
            [("Cancelled", 1), ("Failed", 2), ("Pending", 1), ("Succeeded", 1)],
            _spans.Select(span => (State: (string)span.GetTagItem("job.state")!, Attempt: (int)span.GetTagItem("job.attempt")!))
                .OrderBy(static span => span.State, StringComparer.Ordinal));
        Assert.Equal(2, _spans.Count(span => span.Status == ActivityStatusCode.Error));
        Assert.Contains(logs.Lines, line => line.Category == "Treeline.Jobs.Handlers.telemetry ok" && line.Text.StartsWith("hello", StringComparison.Ordinal));
        Assert.Contains(logs.Lines, line => line is { Level: LogLevel.Error, Error: IOException } && line.Id.Id == 12);
    }

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            if (tag.Value is string type && type.StartsWith("telemetry", StringComparison.Ordinal))
            {
                _totals.AddOrUpdate(instrument.Name, value, (_, total) => total + value);
            }
        }
    }
}
