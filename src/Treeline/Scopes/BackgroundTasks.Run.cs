using System.Runtime.CompilerServices;

namespace Treeline;

#pragma warning disable CA1068 // the name comes after the token, as in RunAsync: it is given less often

// The ways to hand over work: what its delegate returns, and what happens when there is no place.
public sealed partial class BackgroundTasks
{
    /// <summary>Starts <paramref name="work"/>, whose errors go to the handler. Nobody waits for it but the drain.</summary>
    /// <param name="work">Gets a token that is cancelled when the grace period of the drain is over.</param>
    /// <param name="name">How the task is shown in the tree and in errors; by default where it was started.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="InvalidOperationException">All places are taken; or no more work is taken.</exception>
    public void Run(
        Func<CancellationToken, Task> work,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        RunOrThrow(work, new CallSite(name, file, line));

    /// <inheritdoc cref="Run(Func{CancellationToken, Task}, string?, string, int)"/>
    [OverloadResolutionPriority(1)]
    public void Run(
        Func<CancellationToken, ValueTask> work,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        RunOrThrow(work, new CallSite(name, file, line));

    /// <inheritdoc cref="Run(Func{CancellationToken, Task}, string?, string, int)"/>
    [OverloadResolutionPriority(2)]
    public void Run(
        Func<CancellationToken, Fiber> work,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        RunOrThrow(work, new CallSite(name, file, line));

    /// <summary>As <see cref="Run(Func{CancellationToken, Task}, string?, string, int)"/>, if there is a place for it.</summary>
    /// <param name="work">Gets a token that is cancelled when the grace period of the drain is over.</param>
    /// <param name="name">How the task is shown in the tree and in errors; by default where it was started.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>False if all places are taken, or no more work is taken: <paramref name="work"/> will not run.</returns>
    public bool TryRun(
        Func<CancellationToken, Task> work,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryRun(work, new CallSite(name, file, line), out _);

    /// <inheritdoc cref="TryRun(Func{CancellationToken, Task}, string?, string, int)"/>
    [OverloadResolutionPriority(1)]
    public bool TryRun(
        Func<CancellationToken, ValueTask> work,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryRun(work, new CallSite(name, file, line), out _);

    /// <inheritdoc cref="TryRun(Func{CancellationToken, Task}, string?, string, int)"/>
    [OverloadResolutionPriority(2)]
    public bool TryRun(
        Func<CancellationToken, Fiber> work,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryRun(work, new CallSite(name, file, line), out _);

    /// <summary>
    /// As <see cref="Run(Func{CancellationToken, Task}, string?, string, int)"/>, but waits for a place. Who waits longest gets
    /// the next one.
    /// Cancellation: a cancelled wait holds no place, and <paramref name="work"/> will not run.
    /// </summary>
    /// <param name="work">Gets a token that is cancelled when the grace period of the drain is over.</param>
    /// <param name="cancellationToken">Ends the wait for a place. It has no effect on work that has been started.</param>
    /// <param name="name">How the task is shown in the tree and in errors; by default where it was started.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>A task that completes when the work has been started.</returns>
    /// <exception cref="InvalidOperationException">No more work is taken, or that came to be while it waited.</exception>
    public ValueTask RunWhenFreeAsync(
        Func<CancellationToken, Task> work,
        CancellationToken cancellationToken = default,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        RunWhenFree(work, new CallSite(name, file, line), cancellationToken);

    /// <inheritdoc cref="RunWhenFreeAsync(Func{CancellationToken, Task}, CancellationToken, string?, string, int)"/>
    [OverloadResolutionPriority(1)]
    public ValueTask RunWhenFreeAsync(
        Func<CancellationToken, ValueTask> work,
        CancellationToken cancellationToken = default,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        RunWhenFree(work, new CallSite(name, file, line), cancellationToken);

    /// <inheritdoc cref="RunWhenFreeAsync(Func{CancellationToken, Task}, CancellationToken, string?, string, int)"/>
    [OverloadResolutionPriority(2)]
    public ValueTask RunWhenFreeAsync(
        Func<CancellationToken, Fiber> work,
        CancellationToken cancellationToken = default,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        RunWhenFree(work, new CallSite(name, file, line), cancellationToken);

    private void RunOrThrow(Delegate work, CallSite site)
    {
        if (!TryRun(work, site, out string? refusal))
        {
            throw refusal is null ? Full() : Refused(refusal);
        }
    }

    private bool TryRun(Delegate work, CallSite site, out string? refusal)
    {
        ArgumentNullException.ThrowIfNull(work);
        return TryEnter(out refusal) && TrySpawn(work, site, out refusal);
    }

    private ValueTask RunWhenFree(Delegate work, CallSite site, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        return EnterAndSpawnAsync(work, site, cancellationToken);
    }

    private async ValueTask EnterAndSpawnAsync(Delegate work, CallSite site, CancellationToken cancellationToken)
    {
        await EnterAsync(cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
        if (!TrySpawn(work, site, out string? refusal))
        {
            throw Refused(refusal!);
        }
    }
}
