using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Treeline.App.Server;
using Treeline.Jobs;

namespace Treeline.App.Tests.Support;

/// <summary>The whole server inside the test's process, on a free port, with a store of its own.</summary>
/// <remarks>As a class fixture it has the standard handlers and two more: <c>gate</c> runs until <see cref="OpenGate"/>,
/// <c>fail</c> fails.</remarks>
public sealed class TestServer : IAsyncLifetime
{
    private static readonly TimeSpan s_stopDeadline = TimeSpan.FromSeconds(30);

    private readonly TempFolder _folder = new();
    private readonly StopSignals _signals = new(TimeProvider.System);
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Uri> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task<ShutdownReport> _running = null!;

    public HttpClient Http { get; private set; } = null!;

    public Uri Address => Http.BaseAddress!;

    /// <summary>Added to the handlers before the start.</summary>
    public Action<JobHandlers> MoreHandlers { get; init; } = _ => { };

    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;

    internal Func<ServeOptions, ServeOptions> Options { get; init; } = options => options;

    public async Task InitializeAsync()
    {
        JobHandlers handlers = new JobHandlers().AddSleep().AddCpu().AddHttp()
            .Add("gate", async (_, cancellationToken) =>
            {
                await _gate.Task.WaitAsync(cancellationToken);
                return null;
            })
            .Add("fail", (_, _) => throw new InvalidOperationException("it was meant to fail"));
        MoreHandlers(handlers);
        ServeOptions options = Options(new ServeOptions
        {
            Urls = ["http://127.0.0.1:0"],
            DataFile = _folder.File("jobs.db"),
            Grace = TimeSpan.FromSeconds(1),
        });
        var server = new TreelineServer(options, handlers, _signals, Loggers)
        {
            Started = (addresses, _) => _started.SetResult(new Uri(addresses[0])),
        };
        _running = server.RunAsync(CancellationToken.None);
        Task first = await Task.WhenAny(_running, _started.Task).WaitAsync(s_stopDeadline);
        await first;
        Http = new HttpClient { BaseAddress = await _started.Task };
    }

    /// <summary>Lets every job of type <c>gate</c> finish.</summary>
    public void OpenGate() => _gate.TrySetResult();

    internal void Signal(string name) => _signals.Raise(name);

    internal Task<ShutdownReport> StoppedAsync() => _running.WaitAsync(s_stopDeadline);

    public async Task DisposeAsync()
    {
        _signals.Raise("the test ends");
        _signals.Raise("the test ends at once");
        try
        {
            await StoppedAsync();
        }
        finally
        {
            Http?.Dispose();
            _signals.Dispose();
            _folder.Dispose();
        }
    }
}
