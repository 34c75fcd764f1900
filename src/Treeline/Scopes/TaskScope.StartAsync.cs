using System.Runtime.CompilerServices;

namespace Treeline;

#pragma warning disable CA1068 // the name comes after the token, as in RunAsync: it is given less often

// The ways to start a service: what its delegate returns, with a value that it reports or without.
public sealed partial class TaskScope
{
    /// <summary>
    /// Starts <paramref name="service"/> as a child of this scope, and returns when it has reported that it is ready. From
    /// then on it is a child like any other. What goes wrong before is thrown here, and only here: it is no failure of the
    /// scope. In each such case the service has ended, clean-up included, before this throws.
    /// Cancellation: <paramref name="cancellationToken"/>, as long as the service is not ready, cancels it and nothing else.
    /// If the scope is cancelled before it is ready, this throws as well.
    /// </summary>
    /// <param name="service">Calls <see cref="Readiness.Report"/> once it serves, and goes on until its token is cancelled.</param>
    /// <param name="cancellationToken">Gives the start up. It has no effect on a service that is ready.</param>
    /// <param name="name">How the child is shown in the tree and in errors; by default where it was started.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>A task that completes when the service is ready.</returns>
    /// <exception cref="InvalidOperationException">The scope has ended; or the service ended without reporting.</exception>
    public Task StartAsync(
        Func<Readiness, CancellationToken, Task> service,
        CancellationToken cancellationToken = default,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(service);
        return StartService<Nothing>(
            Task (Readiness<Nothing> ready, CancellationToken ct) => service(new Readiness(ready), ct),
            new CallSite(name, file, line),
            cancellationToken);
    }

    /// <inheritdoc cref="StartAsync(Func{Readiness, CancellationToken, Task}, CancellationToken, string?, string, int)"/>
    [OverloadResolutionPriority(1)]
    public Task StartAsync(
        Func<Readiness, CancellationToken, ValueTask> service,
        CancellationToken cancellationToken = default,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(service);
        return StartService<Nothing>(
            ValueTask (Readiness<Nothing> ready, CancellationToken ct) => service(new Readiness(ready), ct),
            new CallSite(name, file, line),
            cancellationToken);
    }

    /// <inheritdoc cref="StartAsync(Func{Readiness, CancellationToken, Task}, CancellationToken, string?, string, int)"/>
    [OverloadResolutionPriority(2)]
    public Task StartAsync(
        Func<Readiness, CancellationToken, Fiber> service,
        CancellationToken cancellationToken = default,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(service);
        return StartService<Nothing>(
            Fiber (Readiness<Nothing> ready, CancellationToken ct) => service(new Readiness(ready), ct),
            new CallSite(name, file, line),
            cancellationToken);
    }

    /// <inheritdoc cref="StartAsync(Func{Readiness, CancellationToken, Task}, CancellationToken, string?, string, int)"/>
    /// <param name="service">Calls <see cref="Readiness{T}.Report"/> once it serves, and goes on until its token is cancelled.</param>
    /// <typeparam name="T">The type of what the service reports.</typeparam>
    /// <returns>What the service has reported.</returns>
    public Task<T> StartAsync<T>(
        Func<Readiness<T>, CancellationToken, Task> service,
        CancellationToken cancellationToken = default,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        StartService<T>(service, new CallSite(name, file, line), cancellationToken);

    /// <inheritdoc cref="StartAsync{T}(Func{Readiness{T}, CancellationToken, Task}, CancellationToken, string?, string, int)"/>
    [OverloadResolutionPriority(1)]
    public Task<T> StartAsync<T>(
        Func<Readiness<T>, CancellationToken, ValueTask> service,
        CancellationToken cancellationToken = default,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        StartService<T>(service, new CallSite(name, file, line), cancellationToken);

    /// <inheritdoc cref="StartAsync{T}(Func{Readiness{T}, CancellationToken, Task}, CancellationToken, string?, string, int)"/>
    [OverloadResolutionPriority(2)]
    public Task<T> StartAsync<T>(
        Func<Readiness<T>, CancellationToken, Fiber> service,
        CancellationToken cancellationToken = default,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        StartService<T>(service, new CallSite(name, file, line), cancellationToken);

    /// <summary>Spawns a fiber without a result, for parts of Treeline that watch its end.</summary>
    internal ChildTask<Nothing> SpawnNothing(Func<CancellationToken, Fiber> work, CallSite site) =>
        SpawnFiber(work, s_callWork, site);

    private Task<T> StartService<T>(Delegate service, CallSite site, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(service);
        var start = new ServiceStart<T>(this, service, cancellationToken);
        ChildTask<Nothing> child = SpawnNothing(start.RunAsync, site);
        return start.ResultAsync(child.Node, child.Version);
    }
}
