using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Treeline.Jobs.Tests;

/// <summary>A server on a file of its own, started, whose events can be waited for. Nothing here depends on real time.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly TempDirectory? _directory;
    private readonly CancellationTokenSource _stopRecording = new();
    private readonly Task _recording;

    private TestServer(TempDirectory? directory, JobServer server, ManualTimeProvider clock, bool run)
    {
        _directory = directory;
        Server = server;
        Clock = clock;
        _recording = RecordAsync();
        Run = run ? server.RunAsync() : Task.FromResult(new ShutdownReport(true, []));
    }

    public JobServer Server { get; }

    public ManualTimeProvider Clock { get; }

    public EventLog Log { get; } = new();

    public Task<ShutdownReport> Run { get; }

    public static async Task<TestServer> StartAsync(
        JobHandlers handlers,
        string? file = null,
        int workers = 4,
        ManualTimeProvider? clock = null,
        bool run = true,
        TimeSpan? lease = null,
        ILoggerFactory? logs = null,
        Executor? executor = null)
    {
        TempDirectory? directory = file is null ? new TempDirectory() : null;
        clock ??= new ManualTimeProvider();
        JobServer server = await JobServer.OpenAsync(new JobServerOptions
        {
            DataFile = file ?? directory!.DataFile,
            Handlers = handlers,
            Workers = workers,
            TimeProvider = clock,
            Lease = lease ?? TimeSpan.FromSeconds(30),
            LoggerFactory = logs,
            Executor = executor,
        });
        return new TestServer(directory, server, clock, run);
    }

    /// <summary>Submits a job; its first event, pending, has been taken when this returns.</summary>
    public async Task<long> SubmitAsync(string type, string? args = null, int maxAttempts = 3, int priority = 0, TimeSpan delay = default)
    {
        var job = new NewJob(type)
        {
            Args = args is null ? null : JsonElement.Parse(args),
            MaxAttempts = maxAttempts,
            Priority = priority,
            Delay = delay,
        };
        long id = (await Server.SubmitAsync([job]))[0];
        await Log.UntilAsync(id, JobState.Pending);
        return id;
    }

    public async Task<Job> FindAsync(long id) =>
        await Server.FindAsync(id) ?? throw new InvalidOperationException($"There is no job {id}.");

    /// <summary>Waits for the job's next event of that state.</summary>
    public async Task<Job> UntilAsync(long id, JobState state)
    {
        await Log.UntilAsync(id, state);
        return await FindAsync(id);
    }

    /// <summary>Moves the clock in steps until the job has reached that state.</summary>
    /// <param name="id">The job.</param>
    /// <param name="state">The state.</param>
    /// <param name="step">How far to move the clock at a time.</param>
    /// <param name="others">How many sleep on the clock besides this server's dispatcher and lease keeper.</param>
    public async Task<Job> AdvanceUntilAsync(long id, JobState state, TimeSpan step, int others = 0)
    {
        await Clock.AdvanceUntilAsync(Log.UntilAsync(id, state), step, sleepers: 2 + others);
        return await FindAsync(id);
    }

    public async ValueTask DisposeAsync()
    {
        await Clock.AdvanceUntilAsync(Server.DisposeAsync().AsTask(), TimeSpan.FromSeconds(1));
        await _stopRecording.CancelAsync();
        await _recording;
        _stopRecording.Dispose();
        _directory?.Dispose();
    }

    private async Task RecordAsync()
    {
        try
        {
            await foreach (JobEvent happened in Server.EventsAsync(_stopRecording.Token))
            {
                Log.Add(happened);
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }
}
