using Treeline.Jobs;

namespace Treeline.App.Server;

/// <summary>The job server, whole, as one tree of tasks.</summary>
/// <remarks>
/// <code>
/// treeline
/// ├─ jobs       the store's writer, the dispatcher, the workers and their running jobs
/// ├─ http
/// │  ├─ acceptor http://…
/// │  └─ GET /events    one for each open stream
/// └─ signals    Ctrl-C and SIGTERM
/// </code>
/// It stops in three steps. The first signal: no new jobs are taken, running ones have <c>Grace</c> to finish, and the
/// page goes on showing it. A second signal, or the end of that time: they are cancelled and have <c>Patience</c> to
/// clean up. What runs even then is named and left behind.
/// </remarks>
internal sealed class TreelineServer
{
    private readonly ServeOptions _options;
    private readonly JobHandlers _handlers;
    private readonly StopSignals _signals;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _log;

    public TreelineServer(ServeOptions options, JobHandlers handlers, StopSignals signals, ILoggerFactory loggers)
    {
        _options = options;
        _handlers = handlers;
        _signals = signals;
        _loggers = loggers;
        _log = loggers.CreateLogger("Treeline.Server");
    }

    /// <summary>Called once it listens, with the addresses.</summary>
    public Action<IReadOnlyList<string>>? Started { get; init; }

    /// <summary>Called when a stop begins (false) and when jobs are to be cancelled at once (true).</summary>
    public Action<bool>? Stopping { get; init; }

    /// <summary>Runs until a signal, and returns what was left running (nothing, when clean). Cancellation: stops hard,
    /// as a second signal does, and throws.</summary>
    /// <exception cref="IOException">An address is in use, or the data file cannot be opened.</exception>
    public Task<ShutdownReport> RunAsync(CancellationToken cancellationToken) =>
        TaskScope.RunAsync(ServeAsync, new ScopeOptions { Name = "treeline" }, cancellationToken);

    private async Task<ShutdownReport> ServeAsync(TaskScope scope)
    {
        // The store opens while the web server is put together: each takes about half of a start.
        ChildTask<JobServer> opening = scope.Spawn(ct => JobServer.OpenAsync(JobOptions(), ct), "open store");
        await using var front = HttpFront.Build(_options, _loggers);
        await using JobServer jobs = await opening;

        var status = new ServerStatus(jobs);
        ShutdownReport report;
        // A stream that fails is that stream's own affair.
        await using (TaskScope http = TaskScope.Open(new ScopeOptions { Name = "http", OnFailure = FailurePolicy.Supervise }))
        {
            await front.StartAsync(app => Map(app, jobs, status, http), scope.Token);
            http.Spawn(front.AcceptAsync, $"acceptor {string.Join(' ', front.Addresses)}");
            ChildTask<ShutdownReport> running = scope.Spawn(jobs.RunAsync, "jobs");
            ChildTask signals = scope.Spawn(ct => StopOnSignalAsync(jobs, status, ct), "signals");
            _log.Started(front.Addresses, _options.DataFile);
            Started?.Invoke(front.Addresses);

            report = await running;
            _signals.Complete();
            await signals;
            // Only here do streams end and the port close, so that the page shows how the last jobs go.
        }

        _log.Stopped(report.Clean);
        return report;
    }

    private void Map(WebApplication app, JobServer jobs, ServerStatus status, TaskScope http)
    {
        new JobsApi(jobs, status, _options.MaxBody).Map(app);
        new EventsApi(jobs, status, http, _log).Map(app);
        TreeApi.Map(app);
        PageFiles.Map(app);
    }

    private async Task StopOnSignalAsync(JobServer jobs, ServerStatus status, CancellationToken cancellationToken)
    {
        bool soft = true;
        await foreach (string signal in _signals.Raised.ReadAllAsync(cancellationToken))
        {
            if (soft)
            {
                soft = false;
                _log.SoftStop(signal);
                status.BeginStopping();
                Stopping?.Invoke(false);
                jobs.Stop();
            }
            else
            {
                _log.HardStop(signal);
                Stopping?.Invoke(true);
                jobs.Cancel($"{signal} again");
            }
        }
    }

    private JobServerOptions JobOptions()
    {
        var options = new JobServerOptions { DataFile = _options.DataFile, Handlers = _handlers, LoggerFactory = _loggers };
        options.Workers = _options.Workers ?? options.Workers;
        options.Grace = _options.Grace ?? options.Grace;
        options.Patience = _options.Patience ?? options.Patience;
        options.Lease = _options.Lease ?? options.Lease;
        return options;
    }
}
