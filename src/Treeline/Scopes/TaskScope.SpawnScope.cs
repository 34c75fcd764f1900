using System.Runtime.CompilerServices;

namespace Treeline;

// A child that is a scope: what the body returns.
public sealed partial class TaskScope
{
    private static readonly ScopeOptions s_noOptions = new();

    /// <summary>
    /// Spawns a child that is a scope of its own: <paramref name="body"/> spawns in it, and the child ends when all of that
    /// has. It is cancelled with this scope; its options apply to it alone, so it can have a time limit, a policy, a shield.
    /// Cancelled alone, by a call of <see cref="CancelScope.Cancel"/> on it, it ends as a cancelled child, and this scope goes on.
    /// A <see cref="ScopeOptions.Timeout"/> counts from when it begins, which under a limit of this scope may be later.
    /// </summary>
    /// <param name="body">Gets the scope to spawn in. It runs on this scope's executor, never on the caller's stack.</param>
    /// <param name="options">Of the new scope.</param>
    /// <param name="name">How the child is shown in the tree and in errors; by default where it was spawned.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The child. It need not be awaited. What surfaces from its scope is what it fails with.</returns>
    /// <exception cref="InvalidOperationException">This scope has ended.</exception>
    [OverloadResolutionPriority(2)]
    public ChildTask SpawnScope(
        Func<TaskScope, Fiber> body,
        ScopeOptions? options = null,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        (ScopeOptions of, string called) = OptionsOfSpawned(options, name);
        return Spawn(_ => RunSpawned(() => RunAsync(body, of, CancellationToken.None, called, file, line)), name ?? options?.Name, file, line);
    }

    /// <inheritdoc cref="SpawnScope(Func{TaskScope, Fiber}, ScopeOptions?, string?, string, int)"/>
    [OverloadResolutionPriority(1)]
    public ChildTask SpawnScope(
        Func<TaskScope, ValueTask> body,
        ScopeOptions? options = null,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        (ScopeOptions of, string called) = OptionsOfSpawned(options, name);
        return Spawn(_ => RunSpawned(() => RunAsync(body, of, CancellationToken.None, called, file, line)), name ?? options?.Name, file, line);
    }

    /// <inheritdoc cref="SpawnScope(Func{TaskScope, Fiber}, ScopeOptions?, string?, string, int)"/>
    public ChildTask SpawnScope(
        Func<TaskScope, Task> body,
        ScopeOptions? options = null,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        (ScopeOptions of, string called) = OptionsOfSpawned(options, name);
        return Spawn(_ => RunSpawned(() => RunAsync(body, of, CancellationToken.None, called, file, line)), name ?? options?.Name, file, line);
    }

    /// <inheritdoc cref="SpawnScope(Func{TaskScope, Fiber}, ScopeOptions?, string?, string, int)"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    [OverloadResolutionPriority(2)]
    public ChildTask<T> SpawnScope<T>(
        Func<TaskScope, Fiber<T>> body,
        ScopeOptions? options = null,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        (ScopeOptions of, string called) = OptionsOfSpawned(options, name);
        return Spawn(_ => RunSpawned(() => RunAsync(body, of, CancellationToken.None, called, file, line)), name ?? options?.Name, file, line);
    }

    /// <inheritdoc cref="SpawnScope(Func{TaskScope, Fiber}, ScopeOptions?, string?, string, int)"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    [OverloadResolutionPriority(1)]
    public ChildTask<T> SpawnScope<T>(
        Func<TaskScope, ValueTask<T>> body,
        ScopeOptions? options = null,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        (ScopeOptions of, string called) = OptionsOfSpawned(options, name);
        return Spawn(_ => RunSpawned(() => RunAsync(body, of, CancellationToken.None, called, file, line)), name ?? options?.Name, file, line);
    }

    /// <inheritdoc cref="SpawnScope(Func{TaskScope, Fiber}, ScopeOptions?, string?, string, int)"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    public ChildTask<T> SpawnScope<T>(
        Func<TaskScope, Task<T>> body,
        ScopeOptions? options = null,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        (ScopeOptions of, string called) = OptionsOfSpawned(options, name);
        return Spawn(_ => RunSpawned(() => RunAsync(body, of, CancellationToken.None, called, file, line)), name ?? options?.Name, file, line);
    }

    private static (ScopeOptions Options, string Name) OptionsOfSpawned(ScopeOptions? options, string? name) =>
        (options ?? s_noOptions, options?.Name ?? name ?? "scope");

    private static Task RunSpawned(Func<Task> run)
    {
        ((ChildNode)Ambient.Current!).ActForScope();
        return run();
    }

    private static Task<T> RunSpawned<T>(Func<Task<T>> run)
    {
        ((ChildNode)Ambient.Current!).ActForScope();
        return run();
    }
}
