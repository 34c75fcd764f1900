using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Treeline.Jobs;

/// <summary>
/// A durable job queue and the workers that run it. A submitted job is on disk before <see cref="SubmitAsync"/> returns; it
/// runs at least once, whatever happens to the process; everything that runs is a node of the live tree.
/// </summary>
/// <remarks>
/// <para>A program of its own job type:</para>
/// <code>
/// var handlers = new JobHandlers().Add("greet", async (job, cancellationToken) =>
/// {
///     string name = job.ReadArgs&lt;Greeting>().Name;
///     await Task.Delay(100, cancellationToken);
///     return new { said = $"Hello, {name}" };
/// });
///
/// await using JobServer server = await JobServer.OpenAsync(new JobServerOptions { DataFile = "jobs.db", Handlers = handlers });
/// Console.CancelKeyPress += (_, press) => { press.Cancel = true; server.Stop(); };
/// await server.SubmitAsync([new NewJob("greet") { Args = JsonSerializer.SerializeToElement(new { name = "Ada" }) }]);
/// ShutdownReport report = await server.RunAsync();
///
/// record Greeting(string Name);
/// </code>
/// <para>Any number of servers, in any number of processes of one machine, may share a data file: leases see to it that each
/// attempt belongs to one of them.</para>
/// <para><b>Stopping</b> has three steps. <see cref="Stop"/>: nothing new is started, running jobs have
/// <see cref="JobServerOptions.Grace"/>. Then, or at once with <see cref="Cancel"/>: running jobs are cancelled; those that
/// had not finished go back to pending, and the attempt does not count. Then, after <see cref="JobServerOptions.Patience"/>:
/// whatever still runs is named in the <see cref="ShutdownReport"/> and its jobs go back to pending as well. .NET cannot
/// end code that ignores its cancellation; so <see cref="RunAsync"/> returns although that code still runs, but the scope
/// around the call, if there is one, goes on waiting for it, as scopes do. A program that wants to be gone ends the process:
/// <c>Environment.Exit</c>.</para>
/// </remarks>
public sealed class JobServer : IAsyncDisposable
{
    private readonly JobServerOptions _options;
    private readonly JobStore _store;
    private readonly EventFeed _events;
    private readonly RunningJobs _running;

    // Open for the life of the server, not only of RunAsync: jobs are submitted before it and their ends recorded after.
    private readonly TaskScope _storeScope;
    private readonly Task _writing;
    private readonly Dispatcher _dispatcher;
    private readonly LeaseKeeper _leases;
    private readonly AttemptRunner _runner;
    private readonly ILogger _log;

    // Completed, never faulted. Their continuations run on the pool, so that whoever stops the server is not held up by it.
    private readonly TaskCompletionSource _soft = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _hard = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ran = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _started;
    private bool _disposed;
    private TaskScope? _tree;

    private JobServer(JobServerOptions options, JobStore store, EventFeed events, RunningJobs running)
    {
        ILoggerFactory logs = options.LoggerFactory ?? NullLoggerFactory.Instance;
        _options = options;
        _store = store;
        _events = events;
        _running = running;
        _log = logs.CreateLogger<JobServer>();
        _dispatcher = new Dispatcher(store, options, _log);
        _leases = new LeaseKeeper(store, running, options, _dispatcher.Wake, _log);
        _runner = new AttemptRunner(store, running, options, logs);
        _storeScope = TaskScope.Open(new ScopeOptions { Name = "job store" });
        _writing = new Task(store.Writer.Run, TaskCreationOptions.LongRunning);
        _storeScope.Spawn(_ => _writing, "store writer");
        _storeScope.Token.UnsafeRegister(static server => _ = ((JobServer)server!).CloseWriterAfterRunAsync(), this);
        _writing.Start(TaskScheduler.Default);
    }

    /// <summary>How many jobs run at once.</summary>
    public int Workers => _options.Workers;

    /// <summary>
    /// Opens the data file, or makes it, and brings its schema up to date. Nothing runs yet, but jobs can be submitted,
    /// listed and cancelled. The server belongs to the scope it is opened in, as a scope opened there would.
    /// Cancellation: before the file is touched.
    /// </summary>
    /// <param name="options">What to work with.</param>
    /// <param name="cancellationToken">Gives up before the file is touched.</param>
    /// <returns>The server; dispose it when it is no longer needed.</returns>
    /// <exception cref="JobStoreException">The file cannot be opened, or belongs to another program or a newer version.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static async Task<JobServer> OpenAsync(JobServerOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var events = new EventFeed();
        var running = new RunningJobs();
        JobStore store = await Task.Run(
            () => JobStore.Open(options.DataFile, options.TimeProvider, events, running), cancellationToken).ConfigureAwait(false);
        try
        {
            return new JobServer(options, store, events, running);
        }
        catch (InvalidOperationException)
        {
            // The node this was called in has ended meanwhile: there is no place in the tree for a server.
            store.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Runs jobs until <see cref="Stop"/> or <see cref="Cancel"/>; once in the life of a server.
    /// Cancellation: like <see cref="Cancel"/>, of the token or of the scope around the call. It does not throw, but reports
    /// what was left, as every end does.
    /// </summary>
    /// <param name="cancellationToken">Stops hard.</param>
    /// <returns>What, if anything, would not stop.</returns>
    /// <exception cref="InvalidOperationException">It was called before.</exception>
    public async Task<ShutdownReport> RunAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), this);
        if (Interlocked.Exchange(ref _started, true))
        {
            throw new InvalidOperationException("A job server runs once. Open another one to run jobs again.");
        }

        try
        {
            using CancellationTokenRegistration onToken = cancellationToken.UnsafeRegister(
                static server => ((JobServer)server!).Cancel("the token given to RunAsync was cancelled"), this);
            _log.Running(Workers, _options.DataFile);
            ShutdownReport report = await StopInStepsAsync(RunTreeAsync()).ConfigureAwait(false);
            _log.Stopped();
            return report;
        }
        finally
        {
            _ran.SetResult();
        }
    }

    /// <summary>
    /// Stops softly: starts nothing new and lets running jobs finish within <see cref="JobServerOptions.Grace"/>, then does
    /// what <see cref="Cancel"/> does. Returns at once; may be called at any time, and again.
    /// </summary>
    public void Stop()
    {
        _dispatcher.Stop();
        _soft.TrySetResult();
    }

    /// <summary>
    /// Stops hard: cancels the running jobs; the unfinished go back to pending. Returns at once; may be called at any time,
    /// and again.
    /// </summary>
    /// <param name="reason">Why, for the log and the tree.</param>
    public void Cancel(string reason)
    {
        _hard.TrySetResult(reason);
        Stop();
    }

    /// <summary>
    /// Enqueues jobs, all of them or none.
    /// Cancellation: if it throws <see cref="OperationCanceledException"/>, none was enqueued.
    /// </summary>
    /// <param name="jobs">The jobs.</param>
    /// <param name="cancellationToken">Gives up while the write has not begun.</param>
    /// <returns>The jobs' numbers, in their order, once the jobs are on disk.</returns>
    /// <exception cref="InvalidJobException">One or more are not valid; it says which and why.</exception>
    /// <exception cref="JobStoreException">Writing failed; none was enqueued.</exception>
    public async Task<IReadOnlyList<long>> SubmitAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(jobs);
        IReadOnlyList<NewJobRow> rows = NewJobCheck.Accept(jobs, _options.Handlers);
        if (rows.Count == 0)
        {
            return [];
        }

        IReadOnlyList<long> ids = await _store.AddAsync(rows, cancellationToken).ConfigureAwait(false);
        foreach (NewJobRow row in rows)
        {
            JobTelemetry.Submitted(row.Type);
        }

        _dispatcher.Wake();
        return ids;
    }

    /// <summary>Looks a job up. Cancellation: before the look-up.</summary>
    /// <param name="id">Its number.</param>
    /// <param name="cancellationToken">Gives up before the look-up.</param>
    /// <returns>The job, or null if there is none of that number.</returns>
    public Task<Job?> FindAsync(long id, CancellationToken cancellationToken = default) =>
        LookUpAsync(() => _store.Find(id), cancellationToken);

    /// <summary>Lists jobs, newest first. Cancellation: before the look-up.</summary>
    /// <param name="state">Only jobs in this state; null for all.</param>
    /// <param name="after">Continue after this number: <see cref="JobPage.Next"/> of the page before; null for the first page.</param>
    /// <param name="limit">How many at most, 1 to 1000.</param>
    /// <param name="cancellationToken">Gives up before the look-up.</param>
    /// <returns>The page.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The limit is out of its range.</exception>
    public Task<JobPage> ListAsync(JobState? state, long? after, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, 1000);
        return LookUpAsync(() => _store.List(state, after, limit), cancellationToken);
    }

    /// <summary>Counts the jobs by state; the cost does not depend on how many there are. Cancellation: before the look-up.</summary>
    /// <param name="cancellationToken">Gives up before the look-up.</param>
    /// <returns>The counts.</returns>
    public Task<JobCounts> CountAsync(CancellationToken cancellationToken = default) => LookUpAsync(_store.Count, cancellationToken);

    /// <summary>
    /// Cancels a job: a pending one for good, a running one as soon as its handler lets it. A handler that has finished by
    /// then has succeeded all the same. The wish is on disk when this returns, and outlives a crash.
    /// Cancellation: if it throws <see cref="OperationCanceledException"/>, nothing was asked for.
    /// </summary>
    /// <param name="id">The job's number.</param>
    /// <param name="cancellationToken">Gives up while the write has not begun.</param>
    /// <returns>What came of it.</returns>
    public Task<CancelResult> CancelAsync(long id, CancellationToken cancellationToken = default) =>
        _store.CancelAsync(id, cancellationToken);

    /// <summary>
    /// Every change of state that this server makes, from the first <c>MoveNextAsync</c> on, until the server is disposed. A
    /// reader may lag 1024 events behind; then the oldest are dropped, and <see cref="JobEvent.Missed"/> tells it how many.
    /// Cancellation: ends the stream with <see cref="OperationCanceledException"/>.
    /// </summary>
    /// <param name="cancellationToken">Ends the stream.</param>
    /// <returns>The events, in the order in which they happened.</returns>
    public IAsyncEnumerable<JobEvent> EventsAsync(CancellationToken cancellationToken = default) => _events.ListenAsync(cancellationToken);

    /// <summary>
    /// Stops hard if it runs, and closes the data file. Cancellation: not possible; it takes no longer than
    /// <see cref="JobServerOptions.Patience"/> and one write.
    /// </summary>
    /// <returns>A task that completes when the file is closed.</returns>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, true))
        {
            return;
        }

        if (Volatile.Read(ref _started))
        {
            Cancel("the server was disposed");
            await _ran.Task.ConfigureAwait(false);
        }

        _store.Writer.Close();
        await _writing.ConfigureAwait(false);
        await _storeScope.DisposeAsync().ConfigureAwait(false);
        _events.Close();
        _store.Dispose();
    }

    private Task<T> LookUpAsync<T>(Func<T> look, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<T>(cancellationToken);
        }

        try
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), this);
            return Task.FromResult(look());
        }
        catch (Exception e)
        {
            return Task.FromException<T>(e);
        }
    }

    /// <summary>
    /// The scope the server was opened in is cancelled, or has ended without disposing it. Jobs that are being cancelled with
    /// it still have their ends to record; after that the writer is not needed any more.
    /// </summary>
    private async Task CloseWriterAfterRunAsync()
    {
        if (Volatile.Read(ref _started))
        {
            await _ran.Task.ConfigureAwait(false);
        }

        _store.Writer.Close();
    }

    /// <summary>The tree of a running server: lease keeper, dispatcher, and the workers with their jobs.</summary>
    private Task RunTreeAsync() => TaskScope.RunAsync(
        async scope =>
        {
            _tree = scope;
            using CancellationTokenRegistration onCancel = scope.Token.UnsafeRegister(
                static server => ((JobServer)server!).Cancel("the scope around the job server was cancelled"), this);
            scope.Spawn(_ => _leases.RunAsync(), "lease keeper");
            scope.Spawn(_ => _dispatcher.RunAsync(), "dispatcher");
            try
            {
                await RunWorkersAsync().ConfigureAwait(false);
            }
            finally
            {
                Stop();
                _leases.Stop();
            }
        },
        new ScopeOptions { Name = "job server", Executor = _options.Executor });

    private Task RunWorkersAsync() => TaskScope.RunAsync(
        async workers =>
        {
            // Cancelled from outside, or because a worker failed: either way nothing more is to be claimed.
            using CancellationTokenRegistration onCancel = workers.Token.UnsafeRegister(
                static server => ((JobServer)server!).Stop(), this);
            var done = new List<Task>();
            for (int number = 1; number <= Workers; number++)
            {
                done.Add(workers.Spawn(_ => WorkAsync(workers), $"worker {number}").AsTask());
            }

            // The second step of stopping. Cancelling runs what handlers have registered on their tokens; whoever called
            // Cancel is spared that.
            if (await Task.WhenAny(Task.WhenAll(done), _hard.Task).ConfigureAwait(false) == _hard.Task)
            {
                workers.Cancel(await _hard.Task.ConfigureAwait(false));
            }
        },
        new ScopeOptions { Name = "workers" });

    private async Task WorkAsync(TaskScope workers)
    {
        // To the end of the channel, cancelled or not: a job that was claimed must be run or put back.
        // And back to where the workers run after each wait: there the next job begins.
        await foreach (ClaimedJob job in _dispatcher.Claimed.ConfigureAwait(true))
        {
            await _runner.RunAsync(job, workers).ConfigureAwait(true);
            _dispatcher.WorkerIsFree();
        }
    }

    private async Task<ShutdownReport> StopInStepsAsync(Task tree)
    {
        await Task.WhenAny(tree, _soft.Task).ConfigureAwait(false);
        if (!tree.IsCompleted && !_hard.Task.IsCompleted)
        {
            _log.Stopping(_running.All.Count, _options.Grace);
            await WithinAsync(_options.Grace, Task.WhenAny(tree, _hard.Task)).ConfigureAwait(false);
        }

        if (!tree.IsCompleted)
        {
            Cancel("the grace period is over");
            _log.Cancelling(_running.All.Count, await _hard.Task.ConfigureAwait(false));
            await WithinAsync(_options.Patience, tree).ConfigureAwait(false);
        }

        if (!tree.IsCompleted)
        {
            return await AbandonAsync(tree).ConfigureAwait(false);
        }

        try
        {
            await tree.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_hard.Task.IsCompleted || _tree is null)
        {
            // Cut before all of it had started: that is what was asked for, by Cancel or by the scope around the call.
        }

        return new ShutdownReport(Clean: true, []);
    }

    private async Task WithinAsync(TimeSpan time, Task task) =>
        await task.WaitAsync(time, _options.TimeProvider).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>Names what would not stop, puts its jobs back, and leaves it behind.</summary>
    private async Task<ShutdownReport> AbandonAsync(Task tree)
    {
        IReadOnlyList<string> stuck = LiveTree.LeavesBelow(_tree!, "workers");
        foreach (string path in stuck)
        {
            _log.WouldNotStop(_options.Patience, path);
        }

        foreach (RunningAttempt attempt in _running.All)
        {
            try
            {
                await _store.EndAsync(attempt.Job, new AttemptEnd(AttemptEndKind.CutShort)).ConfigureAwait(false);
            }
            catch (JobStoreException e)
            {
                _log.EndGivenUp(e, attempt.Job.Id, attempt.Job.Type);
            }
        }

        _leases.Stop();

        // Nobody awaits it any more; what it may still throw has been reported as stuck.
        _ = tree.ContinueWith(
            static ended => ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        return new ShutdownReport(Clean: false, stuck);
    }
}
