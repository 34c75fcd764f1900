using System.Runtime.CompilerServices;

namespace Treeline;

// Work with a time limit that tells.
public partial class CancelScope
{
    /// <summary>
    /// Runs <paramref name="work"/> in a scope of its own for at most <paramref name="timeout"/>: then it is cancelled, and
    /// when it has ended, the caller goes on.
    /// Cancellation: <paramref name="cancellationToken"/> and the node the caller runs in cancel the work; once it has
    /// ended, <see cref="OperationCanceledException"/> surfaces.
    /// </summary>
    /// <param name="timeout">How long it may take, on the clock of the enclosing scope.</param>
    /// <param name="work">Gets the token of the scope it runs in.</param>
    /// <param name="cancellationToken">Cancels the scope.</param>
    /// <param name="name">How the scope is shown in the tree and in errors; by default the calling method.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>True: the work was done in time. False: it was cut short. What it throws otherwise is thrown here.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    [OverloadResolutionPriority(2)]
    public static Task<bool> MoveOnAfterAsync(
        TimeSpan timeout,
        Func<CancellationToken, Fiber> work,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        var scope = new StrongBox<TaskScope>();
        return FinishesAsync(
            TaskScope.RunAsync(
                InScope(work, scope), new ScopeOptions { Timeout = timeout }, cancellationToken, name, file, line),
            scope);
    }

    /// <inheritdoc cref="MoveOnAfterAsync(TimeSpan, Func{CancellationToken, Fiber}, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static Task<bool> MoveOnAfterAsync(
        TimeSpan timeout,
        Func<CancellationToken, ValueTask> work,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        var scope = new StrongBox<TaskScope>();
        return FinishesAsync(
            TaskScope.RunAsync(
                InScope(work, scope), new ScopeOptions { Timeout = timeout }, cancellationToken, name, file, line),
            scope);
    }

    /// <inheritdoc cref="MoveOnAfterAsync(TimeSpan, Func{CancellationToken, Fiber}, CancellationToken, string, string, int)"/>
    public static Task<bool> MoveOnAfterAsync(
        TimeSpan timeout,
        Func<CancellationToken, Task> work,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        var scope = new StrongBox<TaskScope>();
        return FinishesAsync(
            TaskScope.RunAsync(
                InScope(work, scope), new ScopeOptions { Timeout = timeout }, cancellationToken, name, file, line),
            scope);
    }

    private static Func<TaskScope, TWork> InScope<TWork>(Func<CancellationToken, TWork> work, StrongBox<TaskScope> scope)
    {
        ArgumentNullException.ThrowIfNull(work);
        return own =>
        {
            scope.Value = own;
            return work(own.Token);
        };
    }

    private static async Task<bool> FinishesAsync(Task run, StrongBox<TaskScope> scope)
    {
        try
        {
            await run.ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException) when (scope.Value is null or { OnlyTimedOut: true }) // null: the time was over before the work began
        {
            return false;
        }
    }
}
