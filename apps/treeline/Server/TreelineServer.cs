using Treeline.Jobs;

namespace Treeline.App.Server;

/// <summary>The job server, whole, as one tree of tasks.</summary>
/// <remarks>
/// <code>
/// treeline
/// ├─ job store  the one writer of the data file
/// ├─ http
/// │  ├─ acceptor http://…
/// │  └─ GET /events    one for each open stream
/// ├─ jobs       the dispatcher, the workers and their running jobs
/// ├─ runtime    whose threads those run on, if there is one
/// └─ signals    Ctrl-C and SIGTERM
/// </code>
/// It stops in three steps. The first signal: no new jobs are taken, running ones have <c>Grace</c> to finish, and the
/// page goes on showing it. A second signal, or the end of that time: they are cancelled and have <c>Patience</c> to
/// clean up. What runs even then is named and left behind.
/// </remarks>
internal sealed class TreelineServer
{
    // Longer than any job should keep a thread without awaiting something.
    private static readonly TimeSpan s_slowPoll = TimeSpan.FromMilliseconds(100);

    private readonly ServeOptions _options;
    private readonly JobHandlers _handlers;
    private readonly StopSignals _signals;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _log;
    private readonly TaskCompletionSource<ShutdownReport> _abandoned = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TreelineServer(ServeOptions options, JobHandlers handlers, StopSignals signals, ILoggerFactory loggers)
    {
        _options = options;
        _handlers = handlers;
        _signals = signals;
        _loggers = loggers;
        _log = loggers.CreateLogger("Treeline.Server");
    }

    /// <summary>Called once it listens, with the addresses and the runtime that jobs run on, if there is one.</summary>
    public Action<IReadOnlyList<string>, RuntimeMetrics?>? Started { get; init; }

    /// <summary>Called when a stop begins (false) and when jobs are to be cancelled at once (true).</summary>
    public Action<bool>? Stopping { get; init; }

    /// <summary>Runs until a signal, and returns what was left running (nothing, when clean). Cancellation: stops hard,
    /// as a second signal does.</summary>
    /// <exception cref="IOException">An address is in use.</exception>
    /// <exception cref="JobStoreException">The data file cannot be opened.</exception>
    public async Task<ShutdownReport> RunAsync(CancellationToken cancellationToken)
    {
        Task<ShutdownReport> whole = TaskScope.RunAsync(ServeAsync, new ScopeOptions { Name = "treeline" }, cancellationToken);
        // A scope waits for what will not stop; a process need not.
        return await await Task.WhenAny(whole, _abandoned.Task);
    }

    private async Task<ShutdownReport> ServeAsync(TaskScope scope)
    {
        await using Runtime? runtime = _options.Runtime == JobRuntime.Treeline ? BuildRuntime() : null;
        // The store opens while the web server is put together: each takes about half of a start.
        Task<JobServer> opening = JobServer.OpenAsync(JobOptions(runtime), scope.Token);
        await using var front = HttpFront.Build(_options, _loggers);
        await using JobServer jobs = await opening;

        var status = new ServerStatus(jobs, runtime);
        ShutdownReport report;
        // A stream that fails is that stream's own affair.
        await using (TaskScope http = TaskScope.Open(new ScopeOptions { Name = "http", OnFailure = FailurePolicy.Supervise }))
        {
            await front.StartAsync(app => Map(app, jobs, status, http), scope.Token);
            http.Spawn(front.AcceptAsync, $"acceptor {string.Join(' ', front.Addresses)}");
            var stopped = new TaskCompletionSource<ShutdownReport>(TaskCreationOptions.RunContinuationsAsynchronously);
            scope.Spawn(async ct => stopped.SetResult(await jobs.RunAsync(ct)), "jobs");
            ChildTask signals = scope.Spawn(ct => StopOnSignalAsync(jobs, status, ct), "signals");
            _log.Started(front.Addresses, _options.DataFile);
            Started?.Invoke(front.Addresses, runtime?.Metrics);

            // Not the child's end: with a job in it that will not stop, it has none.
            report = await stopped.Task.WaitAsync(scope.Token);
            _signals.Complete();
            await signals;
            // Only here do streams end and the port close, so that the page shows how the last jobs go.
        }

        _log.Stopped(report.Clean);
        if (!report.Clean)
        {
            _abandoned.SetResult(report);
        }

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
        await foreach (string signal in _signals.Raised.WithCancellation(cancellationToken))
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

    private Runtime BuildRuntime()
    {
        Runtime runtime = Runtime.CreateBuilder().MultiThread().EnableAll().OnSlowPoll(s_slowPoll, _log.SlowPoll).Build();
        RuntimeMetrics metrics = runtime.Metrics;
        _log.RunsOn(runtime, metrics.Driver);
        if (metrics.DriverNote is { } note)
        {
            _log.OtherDriver(metrics.Driver, note);
        }

        return runtime;
    }

    private JobServerOptions JobOptions(Runtime? runtime)
    {
        var standard = new JobServerOptions { DataFile = _options.DataFile, Handlers = _handlers };
        return new JobServerOptions
        {
            DataFile = _options.DataFile,
            Handlers = _handlers,
            Workers = _options.Workers ?? standard.Workers,
            Grace = _options.Grace ?? standard.Grace,
            Patience = _options.Patience ?? standard.Patience,
            Lease = _options.Lease ?? standard.Lease,
            Executor = runtime?.Executor,
            LoggerFactory = _loggers,
        };
    }
}
