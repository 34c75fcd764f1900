using System.Runtime.CompilerServices;
using Treeline.Net;

namespace Treeline.Testing;

// Running code on a host.
public sealed partial class SimHost
{
    /// <summary>
    /// Runs <paramref name="body"/> on the host, with a new scope, as <see cref="TaskScope"/>'s <c>RunAsync</c> does: it and what it
    /// starts find the simulated network in place of the real one.
    /// Cancellation: <paramref name="cancellationToken"/> cancels the scope; then, once all has ended,
    /// <see cref="OperationCanceledException"/> with that token surfaces.
    /// </summary>
    /// <param name="body">Gets the scope to spawn in.</param>
    /// <param name="cancellationToken">Cancels the scope.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>A task that completes after everything in the scope has.</returns>
    /// <exception cref="HostCrashedException">The host is down, or crashed while it ran.</exception>
    public Task RunAsync(
        Func<TaskScope, Task> body,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunOnce<Nothing>(
            run => TaskScope.RunAsync(scope => body(run.Enter(scope)), Options, cancellationToken, Name, file, line), cancellationToken);
    }

    /// <inheritdoc cref="RunAsync(Func{TaskScope, Task}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(1)]
    public Task RunAsync(
        Func<TaskScope, ValueTask> body,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunOnce<Nothing>(
            run => TaskScope.RunAsync(scope => body(run.Enter(scope)), Options, cancellationToken, Name, file, line), cancellationToken);
    }

    /// <inheritdoc cref="RunAsync(Func{TaskScope, Task}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(2)]
    public Task RunAsync(
        Func<TaskScope, Fiber> body,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunOnce<Nothing>(
            run => TaskScope.RunAsync(scope => body(run.Enter(scope)), Options, cancellationToken, Name, file, line), cancellationToken);
    }

    /// <inheritdoc cref="RunAsync(Func{TaskScope, Task}, CancellationToken, string, int)"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    /// <returns>The body's result, after everything in the scope has ended.</returns>
    public Task<T> RunAsync<T>(
        Func<TaskScope, Task<T>> body,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunOnce<T>(
            run => TaskScope.RunAsync(scope => body(run.Enter(scope)), Options, cancellationToken, Name, file, line), cancellationToken);
    }

    /// <inheritdoc cref="RunAsync{T}(Func{TaskScope, Task{T}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(1)]
    public Task<T> RunAsync<T>(
        Func<TaskScope, ValueTask<T>> body,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunOnce<T>(
            run => TaskScope.RunAsync(scope => body(run.Enter(scope)), Options, cancellationToken, Name, file, line), cancellationToken);
    }

    /// <inheritdoc cref="RunAsync{T}(Func{TaskScope, Task{T}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(2)]
    public Task<T> RunAsync<T>(
        Func<TaskScope, Fiber<T>> body,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunOnce<T>(
            run => TaskScope.RunAsync(scope => body(run.Enter(scope)), Options, cancellationToken, Name, file, line), cancellationToken);
    }

    /// <summary>
    /// Runs <paramref name="body"/> on the host whenever that is up: again after each <see cref="Crash"/> and <see cref="Restart"/>,
    /// until it ends by itself.
    /// Cancellation: as <c>RunAsync</c>, also while the host is down.
    /// </summary>
    /// <param name="body">Gets the scope to spawn in, a new one each time.</param>
    /// <param name="cancellationToken">Cancels the scope.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>A task that completes when the body has ended without a crash.</returns>
    public Task KeepRunningAsync(
        Func<TaskScope, Task> body,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return KeepRunning(
            run => TaskScope.RunAsync(scope => body(run.Enter(scope)), Options, cancellationToken, Name, file, line), cancellationToken);
    }

    /// <inheritdoc cref="KeepRunningAsync(Func{TaskScope, Task}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(1)]
    public Task KeepRunningAsync(
        Func<TaskScope, ValueTask> body,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return KeepRunning(
            run => TaskScope.RunAsync(scope => body(run.Enter(scope)), Options, cancellationToken, Name, file, line), cancellationToken);
    }

    /// <inheritdoc cref="KeepRunningAsync(Func{TaskScope, Task}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(2)]
    public Task KeepRunningAsync(
        Func<TaskScope, Fiber> body,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return KeepRunning(
            run => TaskScope.RunAsync(scope => body(run.Enter(scope)), Options, cancellationToken, Name, file, line), cancellationToken);
    }

    private ScopeOptions Options => new() { Name = Name };

    private async Task KeepRunning(Func<SimRun, Task> open, CancellationToken cancellationToken)
    {
        while (true)
        {
            await _up.WaitAsync(cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
            try
            {
                await RunOnce<Nothing>(open, cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
                return;
            }
            catch (HostCrashedException e) when (e.Host == this)
            {
                // Once more, when it is up again.
            }
        }
    }

    private async Task<T> RunOnce<T>(Func<SimRun, Task> open, CancellationToken cancellationToken)
    {
        SimLife life;
        lock (Net.Gate)
        {
            life = _life;
        }

        if (life.IsOver)
        {
            throw new HostCrashedException(this, inner: null);
        }

        var run = new SimRun(life);
        try
        {
            return await Network.Simulated.RunAsync(life.Network, () => (Task<T>)open(run)).ConfigureAwait(SchedulerContext.IsCurrent);
        }
        catch (Exception e) when (life.IsOver && !cancellationToken.IsCancellationRequested)
        {
            throw new HostCrashedException(this, e is OperationCanceledException ? null : e);
        }
        finally
        {
            run.Leave();
        }
    }
}
