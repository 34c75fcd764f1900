using System.Runtime.CompilerServices;

namespace Treeline;

// Work with a time limit that throws.
public partial class CancelScope
{
    /// <summary>
    /// Runs <paramref name="work"/> in a scope of its own for at most <paramref name="timeout"/>: then it is cancelled, and
    /// when it has ended, <see cref="TimeoutException"/> is thrown. Unlike with <c>Task.WaitAsync</c>, nothing runs on.
    /// Cancellation: <paramref name="cancellationToken"/> and the node the caller runs in cancel the work; once it has
    /// ended, <see cref="OperationCanceledException"/> surfaces.
    /// </summary>
    /// <param name="timeout">How long it may take, on the clock of the enclosing scope.</param>
    /// <param name="work">Gets the token of the scope it runs in.</param>
    /// <param name="cancellationToken">Cancels the scope.</param>
    /// <param name="name">How the scope is shown in the tree and in errors; by default the calling method.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>A task that completes after the work has ended.</returns>
    /// <exception cref="TimeoutException">The time was over before the work was.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    [OverloadResolutionPriority(2)]
    public static Task WithTimeoutAsync(
        TimeSpan timeout,
        Func<CancellationToken, Fiber> work,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TaskScope.RunWithin(timeout, work, new CallSite(name, file, line), cancellationToken);

    /// <inheritdoc cref="WithTimeoutAsync(TimeSpan, Func{CancellationToken, Fiber}, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static Task WithTimeoutAsync(
        TimeSpan timeout,
        Func<CancellationToken, ValueTask> work,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TaskScope.RunPlainWithin<Nothing>(timeout, work, new CallSite(name, file, line), cancellationToken);

    /// <inheritdoc cref="WithTimeoutAsync(TimeSpan, Func{CancellationToken, Fiber}, CancellationToken, string, string, int)"/>
    public static Task WithTimeoutAsync(
        TimeSpan timeout,
        Func<CancellationToken, Task> work,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TaskScope.RunPlainWithin<Nothing>(timeout, work, new CallSite(name, file, line), cancellationToken);

    /// <inheritdoc cref="WithTimeoutAsync(TimeSpan, Func{CancellationToken, Fiber}, CancellationToken, string, string, int)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What the work gave.</returns>
    [OverloadResolutionPriority(2)]
    public static Task<T> WithTimeoutAsync<T>(
        TimeSpan timeout,
        Func<CancellationToken, Fiber<T>> work,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TaskScope.RunWithin(timeout, work, new CallSite(name, file, line), cancellationToken);

    /// <inheritdoc cref="WithTimeoutAsync(TimeSpan, Func{CancellationToken, Fiber}, CancellationToken, string, string, int)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What the work gave.</returns>
    [OverloadResolutionPriority(1)]
    public static Task<T> WithTimeoutAsync<T>(
        TimeSpan timeout,
        Func<CancellationToken, ValueTask<T>> work,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TaskScope.RunPlainWithin<T>(timeout, work, new CallSite(name, file, line), cancellationToken);

    /// <inheritdoc cref="WithTimeoutAsync(TimeSpan, Func{CancellationToken, Fiber}, CancellationToken, string, string, int)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What the work gave.</returns>
    public static Task<T> WithTimeoutAsync<T>(
        TimeSpan timeout,
        Func<CancellationToken, Task<T>> work,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TaskScope.RunPlainWithin<T>(timeout, work, new CallSite(name, file, line), cancellationToken);

    private static Func<TaskScope, TWork> InScope<TWork>(Func<CancellationToken, TWork> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return scope => work(scope.Token);
    }
}
