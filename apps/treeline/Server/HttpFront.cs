using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Treeline.App.Server;

/// <summary>The HTTP server: Kestrel with the endpoints on it.</summary>
/// <remarks>Built on an empty builder: no configuration files, no environment variables, no signal handling of its
/// own. What it does is what the command line said, and a start waits for none of them.</remarks>
internal sealed class HttpFront : IAsyncDisposable
{
    /// <summary>For a request that is being answered while the server stops.</summary>
    private static readonly TimeSpan s_lastAnswers = TimeSpan.FromSeconds(2);

    private readonly WebApplication _app;

    private HttpFront(WebApplication app) => _app = app;

    /// <summary>The addresses bound to, with the real port where 0 was asked for.</summary>
    public IReadOnlyList<string> Addresses =>
        [.. _app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses];

    public static HttpFront Build(ServeOptions options, ILoggerFactory loggers)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.Services.AddRoutingCore();
        // The default lifetime would take Ctrl-C and SIGTERM for itself.
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime, NoLifetime>());
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = s_lastAnswers);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, options));
        WebApplication app = builder.Build();
        foreach (string url in options.Urls)
        {
            app.Urls.Add(url);
        }

        var answers = new ProblemAnswers(loggers.CreateLogger("Treeline.Http"));
        app.Use(answers.HandleAsync);
        return new HttpFront(app);
    }

    /// <summary>Puts the endpoints on and binds to the addresses. Cancellation: nothing is bound.</summary>
    /// <exception cref="IOException">An address is in use.</exception>
    public async Task StartAsync(Action<WebApplication> map, CancellationToken cancellationToken)
    {
        map(_app);
        await _app.StartAsync(cancellationToken);
    }

    /// <summary>Takes requests until cancelled. Cancellation: stops listening, gives open requests a moment, then cuts
    /// them off.</summary>
    public async Task AcceptAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Clock.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }
        finally
        {
            await _app.StopAsync(CancellationToken.None);
        }
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    public static bool IsLoopback(string url) =>
        BindingAddress.Parse(url).Host is var host
        && (string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address)));

    private static void Configure(KestrelServerOptions kestrel, ServeOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = options.MaxBody;
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
