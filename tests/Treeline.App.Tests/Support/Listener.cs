using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Treeline.App.Tests.Support;

/// <summary>What <c>http</c> jobs call: notes every request, and holds those to <c>/gate/…</c> until the gate opens.</summary>
internal sealed class Listener : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Listener(WebApplication app) => _app = app;

    public string Url => _app.Urls.First();

    /// <summary>The paths asked for so far, and the bodies posted to them.</summary>
    public ConcurrentQueue<string> Paths { get; } = new();

    public static async Task<Listener> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        var listener = new Listener(app);
        app.Run(listener.AnswerAsync);
        await app.StartAsync();
        return listener;
    }

    public void OpenGate() => _gate.TrySetResult();

    public ValueTask DisposeAsync()
    {
        OpenGate();
        return _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        await context.Request.Body.CopyToAsync(Stream.Null);
        Paths.Enqueue(context.Request.Path);
        if (context.Request.Path.StartsWithSegments("/gate", StringComparison.Ordinal))
        {
            await _gate.Task.WaitAsync(context.RequestAborted);
        }

        await context.Response.WriteAsync("ok");
    }
}
