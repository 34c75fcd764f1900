using System.Runtime.CompilerServices;

namespace Treeline;

// Cleanup that has to run to its end.
public partial class CancelScope
{
    /// <summary>
    /// Runs <paramref name="work"/> in a scope that nothing from above reaches, neither a cancellation, nor a stop, nor a
    /// deadline: for cleanup that has to run to its end. After <paramref name="timeout"/> it is cancelled all the same.
    /// Cancellation: none but its own; whoever awaits this waits for the work.
    /// </summary>
    /// <param name="timeout">How long it may take, on the clock of the enclosing scope.</param>
    /// <param name="work">Gets the token of the scope it runs in.</param>
    /// <param name="name">How the scope is shown in the tree and in errors; by default the calling method.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>A task that completes after the work has ended.</returns>
    /// <exception cref="TimeoutException">The time was over before the work was.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    [OverloadResolutionPriority(2)]
    public static Task ShieldAsync(
        TimeSpan timeout,
        Func<CancellationToken, Fiber> work,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TaskScope.RunAsync(
            InScope(work),
            new ScopeOptions { Timeout = timeout, Shield = true },
            CancellationToken.None,
            name,
            file,
            line);

    /// <inheritdoc cref="ShieldAsync(TimeSpan, Func{CancellationToken, Fiber}, string, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static Task ShieldAsync(
        TimeSpan timeout,
        Func<CancellationToken, ValueTask> work,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TaskScope.RunAsync(
            InScope(work),
            new ScopeOptions { Timeout = timeout, Shield = true },
            CancellationToken.None,
            name,
            file,
            line);

    /// <inheritdoc cref="ShieldAsync(TimeSpan, Func{CancellationToken, Fiber}, string, string, int)"/>
    public static Task ShieldAsync(
        TimeSpan timeout,
        Func<CancellationToken, Task> work,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TaskScope.RunAsync(
            InScope(work),
            new ScopeOptions { Timeout = timeout, Shield = true },
            CancellationToken.None,
            name,
            file,
            line);

    /// <inheritdoc cref="ShieldAsync(TimeSpan, Func{CancellationToken, Fiber}, string, string, int)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What the work gave.</returns>
    [OverloadResolutionPriority(2)]
    public static Task<T> ShieldAsync<T>(
        TimeSpan timeout,
        Func<CancellationToken, Fiber<T>> work,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TaskScope.RunAsync(
            InScope(work),
            new ScopeOptions { Timeout = timeout, Shield = true },
            CancellationToken.None,
            name,
            file,
            line);

    /// <inheritdoc cref="ShieldAsync(TimeSpan, Func{CancellationToken, Fiber}, string, string, int)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What the work gave.</returns>
    [OverloadResolutionPriority(1)]
    public static Task<T> ShieldAsync<T>(
        TimeSpan timeout,
        Func<CancellationToken, ValueTask<T>> work,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TaskScope.RunAsync(
            InScope(work),
            new ScopeOptions { Timeout = timeout, Shield = true },
            CancellationToken.None,
            name,
            file,
            line);

    /// <inheritdoc cref="ShieldAsync(TimeSpan, Func{CancellationToken, Fiber}, string, string, int)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What the work gave.</returns>
    public static Task<T> ShieldAsync<T>(
        TimeSpan timeout,
        Func<CancellationToken, Task<T>> work,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TaskScope.RunAsync(
            InScope(work),
            new ScopeOptions { Timeout = timeout, Shield = true },
            CancellationToken.None,
            name,
            file,
            line);
}
