using System.Runtime.CompilerServices;

namespace Treeline;

// The ways to give the work.
public sealed partial class Retry
{
    /// <summary>
    /// Runs <paramref name="work"/> until an attempt succeeds, or the policy gives up.
    /// Cancellation: <paramref name="cancellationToken"/> and the node the caller runs in cancel the attempt, or the wait for the
    /// next; once the attempt has ended, <see cref="OperationCanceledException"/> surfaces.
    /// </summary>
    /// <param name="work">One attempt. Gets the token of the scope it runs in.</param>
    /// <param name="cancellationToken">Cancels all of it.</param>
    /// <param name="name">How it is shown in the tree and in errors; by default the calling method.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>A task that completes after an attempt has succeeded.</returns>
    /// <exception cref="RetryException">Several attempts have failed, and the policy allows no other. The error of a single attempt is rethrown as itself.</exception>
    [OverloadResolutionPriority(2)]
    public Task RunAsync(
        Func<CancellationToken, Fiber> work,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(work);
        return StartAsync(
            options => TaskScope.RunAsync(scope => work(scope.Token), options, CancellationToken.None, name, file, line),
            new CallSite(name, file, line),
            cancellationToken);
    }

    /// <inheritdoc cref="RunAsync(Func{CancellationToken, Fiber}, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(1)]
    public Task RunAsync(
        Func<CancellationToken, ValueTask> work,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(work);
        return StartAsync(
            options => TaskScope.RunAsync(scope => work(scope.Token), options, CancellationToken.None, name, file, line),
            new CallSite(name, file, line),
            cancellationToken);
    }

    /// <inheritdoc cref="RunAsync(Func{CancellationToken, Fiber}, CancellationToken, string, string, int)"/>
    public Task RunAsync(
        Func<CancellationToken, Task> work,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(work);
        return StartAsync(
            options => TaskScope.RunAsync(scope => work(scope.Token), options, CancellationToken.None, name, file, line),
            new CallSite(name, file, line),
            cancellationToken);
    }

    /// <inheritdoc cref="RunAsync(Func{CancellationToken, Fiber}, CancellationToken, string, string, int)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What the attempt that succeeded gave.</returns>
    [OverloadResolutionPriority(2)]
    public Task<T> RunAsync<T>(
        Func<CancellationToken, Fiber<T>> work,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(work);
        return ResultAsync<T>(StartAsync(
            options => TaskScope.RunAsync(scope => work(scope.Token), options, CancellationToken.None, name, file, line),
            new CallSite(name, file, line),
            cancellationToken));
    }

    /// <inheritdoc cref="RunAsync(Func{CancellationToken, Fiber}, CancellationToken, string, string, int)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What the attempt that succeeded gave.</returns>
    [OverloadResolutionPriority(1)]
    public Task<T> RunAsync<T>(
        Func<CancellationToken, ValueTask<T>> work,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(work);
        return ResultAsync<T>(StartAsync(
            options => TaskScope.RunAsync(scope => work(scope.Token), options, CancellationToken.None, name, file, line),
            new CallSite(name, file, line),
            cancellationToken));
    }

    /// <inheritdoc cref="RunAsync(Func{CancellationToken, Fiber}, CancellationToken, string, string, int)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What the attempt that succeeded gave.</returns>
    public Task<T> RunAsync<T>(
        Func<CancellationToken, Task<T>> work,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(work);
        return ResultAsync<T>(StartAsync(
            options => TaskScope.RunAsync(scope => work(scope.Token), options, CancellationToken.None, name, file, line),
            new CallSite(name, file, line),
            cancellationToken));
    }

    private static async Task<T> ResultAsync<T>(Task<Task> run)
    {
        var attempt = (Task<T>)await run.ConfigureAwait(SchedulerContext.IsCurrent);
        return await attempt.ConfigureAwait(SchedulerContext.IsCurrent);
    }
}
