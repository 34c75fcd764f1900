using System.Runtime.CompilerServices;

namespace Treeline;

// The ways to run a body in a scope: what the body returns, with a token or with options.
public sealed partial class TaskScope
{
    /// <summary>
    /// Runs <paramref name="body"/> with a new scope, and completes when it and everything spawned in the scope have ended.
    /// Cancellation: <paramref name="cancellationToken"/> and the node the caller runs in cancel the scope; then, once all
    /// has ended, <see cref="OperationCanceledException"/> with that token surfaces. If it was cancelled before, the body
    /// does not run.
    /// </summary>
    /// <param name="body">Gets the scope to spawn in. It runs at once, on the caller's thread, until its first await.</param>
    /// <param name="cancellationToken">Cancels the scope.</param>
    /// <param name="name">How the scope is shown in the tree and in errors; by default the method that opens it.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>A task that completes after everything in the scope has.</returns>
    /// <exception cref="ScopeException">More than one thing failed in the scope. A single failure is rethrown as itself.</exception>
    /// <exception cref="InvalidOperationException">The node the calling code ran in has ended.</exception>
    [OverloadResolutionPriority(2)]
    public static Task RunAsync(
        Func<TaskScope, Task> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Run<Nothing>(body, null, null, new CallSite(name, file, line), cancellationToken);

    /// <inheritdoc cref="RunAsync(Func{TaskScope, Task}, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(3)]
    public static Task RunAsync(
        Func<TaskScope, ValueTask> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Run<Nothing>(body, null, null, new CallSite(name, file, line), cancellationToken);

    /// <inheritdoc cref="RunAsync(Func{TaskScope, Task}, CancellationToken, string, string, int)"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    /// <returns>The body's result, after everything in the scope has ended.</returns>
    [OverloadResolutionPriority(2)]
    public static Task<T> RunAsync<T>(
        Func<TaskScope, Task<T>> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Run<T>(body, null, null, new CallSite(name, file, line), cancellationToken);

    /// <inheritdoc cref="RunAsync{T}(Func{TaskScope, Task{T}}, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(3)]
    public static Task<T> RunAsync<T>(
        Func<TaskScope, ValueTask<T>> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Run<T>(body, null, null, new CallSite(name, file, line), cancellationToken);

    /// <inheritdoc cref="RunAsync(Func{TaskScope, Task}, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(4)]
    public static Task RunAsync(
        Func<TaskScope, Fiber> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Run(body, s_callBody, null, new CallSite(name, file, line), cancellationToken);

    /// <inheritdoc cref="RunAsync{T}(Func{TaskScope, Task{T}}, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(4)]
    public static Task<T> RunAsync<T>(
        Func<TaskScope, Fiber<T>> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Run(body, CallBody<T>.Instance, null, new CallSite(name, file, line), cancellationToken);

    /// <inheritdoc cref="RunAsync(Func{TaskScope, Task}, CancellationToken, string, string, int)"/>
    /// <param name="options">Name, timeout, failure policy.</param>
    /// <exception cref="TimeoutException">The time of <see cref="ScopeOptions.Timeout"/> was over.</exception>
    public static Task RunAsync(
        Func<TaskScope, Task> body,
        ScopeOptions options,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Run<Nothing>(body, null, options, Site(options, name, file, line), cancellationToken);

    /// <inheritdoc cref="RunAsync(Func{TaskScope, Task}, ScopeOptions, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static Task RunAsync(
        Func<TaskScope, ValueTask> body,
        ScopeOptions options,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Run<Nothing>(body, null, options, Site(options, name, file, line), cancellationToken);

    /// <inheritdoc cref="RunAsync(Func{TaskScope, Task}, ScopeOptions, CancellationToken, string, string, int)"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    /// <returns>The body's result, after everything in the scope has ended.</returns>
    public static Task<T> RunAsync<T>(
        Func<TaskScope, Task<T>> body,
        ScopeOptions options,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Run<T>(body, null, options, Site(options, name, file, line), cancellationToken);

    /// <inheritdoc cref="RunAsync{T}(Func{TaskScope, Task{T}}, ScopeOptions, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static Task<T> RunAsync<T>(
        Func<TaskScope, ValueTask<T>> body,
        ScopeOptions options,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Run<T>(body, null, options, Site(options, name, file, line), cancellationToken);

    /// <inheritdoc cref="RunAsync(Func{TaskScope, Task}, ScopeOptions, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(2)]
    public static Task RunAsync(
        Func<TaskScope, Fiber> body,
        ScopeOptions options,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Run(body, s_callBody, options, Site(options, name, file, line), cancellationToken);

    /// <inheritdoc cref="RunAsync{T}(Func{TaskScope, Task{T}}, ScopeOptions, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(2)]
    public static Task<T> RunAsync<T>(
        Func<TaskScope, Fiber<T>> body,
        ScopeOptions options,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Run(body, CallBody<T>.Instance, options, Site(options, name, file, line), cancellationToken);
}
