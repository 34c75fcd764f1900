using System.Diagnostics;
using Treeline.App.Wire;
using Treeline.Jobs;

namespace Treeline.App.Server;

/// <summary><c>GET /events</c>: job state changes and counts as server-sent events, until the reader leaves or the
/// server stops. Each stream is a node of the tree under <paramref name="streams"/>, so that it is seen, and ends
/// with it.</summary>
internal sealed class EventsApi(JobServer jobs, ServerStatus status, TaskScope streams, ILogger log)
{
    private static readonly TimeSpan s_statusInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_keepAliveInterval = TimeSpan.FromSeconds(15);

    public void Map(WebApplication app) => app.MapGet("/events", AnswerAsync);

    private async Task AnswerAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        // Proxies that collect a response before they pass it on would hold events back.
        context.Response.Headers["X-Accel-Buffering"] = "no";
        await streams.Spawn(
            ct => TaskScope.RunAsync(scope => StreamAsync(scope, context), ct, "stream"), "GET /events");
    }

    private async Task StreamAsync(TaskScope scope, HttpContext context)
    {
        CancellationToken gone = context.RequestAborted;
        await using CancellationTokenRegistration registration = gone.UnsafeRegister(
            static scope => ((TaskScope)scope!).Cancel("the reader left"), scope);
        var stream = new OpenStream(new SseWriter(context.Response.BodyWriter));
        try
        {
            await SendJobEventsAsync(scope, stream);
        }
        catch (IOException) when (gone.IsCancellationRequested)
        {
            // The reader left in the middle of a write.
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            log.RequestFailed(context.Request.Method, context.Request.Path, error);
            context.Abort();
        }

        scope.Cancel("the stream ended");
    }

    private async Task SendJobEventsAsync(TaskScope scope, OpenStream stream)
    {
        await using IAsyncEnumerator<JobEvent> events =
            jobs.EventsAsync(scope.Token).GetAsyncEnumerator(scope.Token);
        // Listening comes before the first status is sent: who has seen it misses no event from there on.
        ValueTask<bool> next = events.MoveNextAsync();
        StatusBody first = await status.ReadAsync(scope.Token);
        await stream.WriteAsync("status", first, WireJson.Instance.StatusBody, flush: true, scope.Token);
        scope.Spawn(ct => SendStatusAsync(stream, first, ct), "status");

        while (await next)
        {
            JobEvent change = events.Current;
            next = events.MoveNextAsync();
            // Under load many events share one packet.
            bool flush = !next.IsCompleted;
            if (!await WriteAsync(stream, change, flush, scope.Token))
            {
                break;
            }
        }
    }

    private static async ValueTask<bool> WriteAsync(OpenStream stream, JobEvent change, bool flush, CancellationToken cancellationToken)
    {
        stream.CountsChanged = true;
        if (change.Missed > 0)
        {
            await stream.WriteAsync("lagged", new LaggedBody(change.Missed), WireJson.Instance.LaggedBody, flush: false, cancellationToken);
        }

        var body = new JobEventBody(change.Id, change.Type, change.State, change.Attempts, change.Error, change.At);
        return await stream.WriteAsync("job", body, WireJson.Instance.JobEventBody, flush, cancellationToken);
    }

    private async Task SendStatusAsync(OpenStream stream, StatusBody sent, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(s_statusInterval);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            if (stream.CountsChanged || status.Stopping != sent.Stopping)
            {
                stream.CountsChanged = false;
                sent = await status.ReadAsync(cancellationToken);
                await stream.WriteAsync("status", sent, WireJson.Instance.StatusBody, flush: true, cancellationToken);
            }
            else if (stream.Idle >= s_keepAliveInterval)
            {
                await stream.KeepAliveAsync(cancellationToken);
            }
        }
    }

    /// <summary>One reader's stream, written to by two children of its scope.</summary>
    private sealed class OpenStream(SseWriter writer)
    {
        private readonly AsyncMutex _lock = new("event stream");
        private long _lastWrite = Stopwatch.GetTimestamp();
        private volatile bool _countsChanged;

        public bool CountsChanged
        {
            get => _countsChanged;
            set => _countsChanged = value;
        }

        public TimeSpan Idle => Stopwatch.GetElapsedTime(Volatile.Read(ref _lastWrite));

        public async ValueTask<bool> WriteAsync<T>(
            string name,
            T data,
            System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type,
            bool flush,
            CancellationToken cancellationToken)
        {
            using MutexGuard guard = await _lock.LockAsync(cancellationToken);
            writer.Write(name, data, type);
            Volatile.Write(ref _lastWrite, Stopwatch.GetTimestamp());
            return !flush || await writer.FlushAsync(cancellationToken);
        }

        public async ValueTask KeepAliveAsync(CancellationToken cancellationToken)
        {
            using MutexGuard guard = await _lock.LockAsync(cancellationToken);
            writer.WriteKeepAlive();
            Volatile.Write(ref _lastWrite, Stopwatch.GetTimestamp());
            await writer.FlushAsync(cancellationToken);
        }
    }
}
