using System.Runtime.CompilerServices;

namespace Treeline;

// The ways to spawn a child: what its delegate returns.
public sealed partial class TaskScope
{
    /// <summary>
    /// Starts <paramref name="work"/> as a child of this scope. Anyone may spawn while the scope is open, its children
    /// included. In a cancelled scope the child does not start: it is there, and cancelled.
    /// </summary>
    /// <param name="work">Gets the scope's token. It runs on the scope's executor, never on the caller's stack.</param>
    /// <param name="name">How the child is shown in the tree and in errors; by default where it was spawned.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The child. It need not be awaited.</returns>
    /// <exception cref="InvalidOperationException">The scope has ended.</exception>
    public ChildTask Spawn(
        Func<CancellationToken, Task> work,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        SpawnPlain<Nothing>(work, new CallSite(name, file, line));

    /// <inheritdoc cref="Spawn(Func{CancellationToken, Task}, string?, string, int)"/>
    [OverloadResolutionPriority(1)]
    public ChildTask Spawn(
        Func<CancellationToken, ValueTask> work,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        SpawnPlain<Nothing>(work, new CallSite(name, file, line));

    /// <inheritdoc cref="Spawn(Func{CancellationToken, Task}, string?, string, int)"/>
    /// <typeparam name="T">The type of the child's result.</typeparam>
    public ChildTask<T> Spawn<T>(
        Func<CancellationToken, Task<T>> work,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        SpawnPlain<T>(work, new CallSite(name, file, line));

    /// <inheritdoc cref="Spawn{T}(Func{CancellationToken, Task{T}}, string?, string, int)"/>
    [OverloadResolutionPriority(1)]
    public ChildTask<T> Spawn<T>(
        Func<CancellationToken, ValueTask<T>> work,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        SpawnPlain<T>(work, new CallSite(name, file, line));

    /// <inheritdoc cref="Spawn(Func{CancellationToken, Task}, string?, string, int)"/>
    /// <remarks>
    /// <paramref name="work"/> itself is called here and now; an async method runs none of its code before the executor runs
    /// it. Where the code awaits anything that is not Treeline's, its place in the tree is published in its context.
    /// </remarks>
    [OverloadResolutionPriority(2)]
    public ChildTask Spawn(
        Func<CancellationToken, Fiber> work,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        SpawnFiber(work, s_callWork, new CallSite(name, file, line));

    /// <inheritdoc cref="Spawn{T}(Func{CancellationToken, Task{T}}, string?, string, int)"/>
    /// <inheritdoc cref="Spawn(Func{CancellationToken, Fiber}, string?, string, int)" path="/remarks"/>
    [OverloadResolutionPriority(2)]
    public ChildTask<T> Spawn<T>(
        Func<CancellationToken, Fiber<T>> work,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        SpawnFiber(work, CallWork<T>.Instance, new CallSite(name, file, line));

    /// <summary>
    /// Spawns work of any of these shapes, for code that takes all of them. Work without a result has the type
    /// <see cref="Nothing"/>.
    /// </summary>
    internal ChildTask<T> SpawnAny<T>(Delegate work, CallSite site) => work switch
    {
        Func<CancellationToken, Fiber<T>> => SpawnFiber(work, CallWork<T>.Instance, site),
        Func<CancellationToken, Fiber> => SpawnFiber(work, (Func<Delegate, CancellationToken, Fiber<T>>)(object)s_callWork, site),
        _ => SpawnPlain<T>(work, site),
    };
}
