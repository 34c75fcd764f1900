using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>
/// A runtime, to run things on: spawn from anywhere, block on from a thread that is not its own. Whoever built the runtime has the
/// <see cref="Runtime"/> itself, which can also be shut down.
/// </summary>
/// <remarks>May be used by any thread at any time.</remarks>
public class RuntimeHandle
{
    // How many threads are in BlockOn; negative once there are to be none any more.
    private int _callers;
    private readonly TaskScope _root;

    private protected RuntimeHandle(RuntimeSettings settings, Func<RuntimeHandle, RuntimeCore[]> cores)
    {
        Settings = settings;
        Blocking = settings.BlockingThreads is { } bound ? new BlockingPool(bound, TimeSpan.FromSeconds(10)) : null;
        Cores = cores(this);
        _root = TaskScope.Open(
            new ScopeOptions
            {
                Name = settings.Name,
                OnFailure = FailurePolicy.Supervise,
                Executor = Cores[0].Scheduler,
                Patience = settings.Patience,
            });
    }

    /// <summary>The runtime that the calling code runs on.</summary>
    /// <exception cref="InvalidOperationException">It runs on none.</exception>
    public static RuntimeHandle Current => TryCurrent ?? throw new InvalidOperationException(
        "This code does not run on a runtime. Start the program with Runtime.Run(async scope => …), or build a runtime and give its "
        + "Executor to the scope (ScopeOptions.Executor).");

    /// <summary>The runtime that the calling code runs on; null: none.</summary>
    public static RuntimeHandle? TryCurrent => RuntimeCore.OfCaller?.Runtime;

    /// <summary>
    /// The place where its work runs, for <see cref="ScopeOptions.Executor"/>. On a runtime with a thread to a core: the first of
    /// <see cref="Executors"/>.
    /// </summary>
    public Executor Executor => Cores[0].Scheduler;

    /// <summary>One for each core of a runtime with a thread to a core; one otherwise.</summary>
    public IReadOnlyList<Executor> Executors => [.. Cores.Select(static core => core.Scheduler)];

    /// <summary>What it has done and what it has to do.</summary>
    public RuntimeMetrics Metrics => RuntimeMetrics.Of(this);

    internal RuntimeSettings Settings { get; }

    internal RuntimeCore[] Cores { get; }

    /// <summary>Its own threads for blocking work; null: those of the process.</summary>
    internal BlockingPool? Blocking { get; }

    /// <summary>The scope of what was spawned on the runtime itself.</summary>
    internal TaskScope Root => _root;

    /// <summary>
    /// Starts <paramref name="work"/> as a child of the runtime: it belongs to no scope but that of the runtime itself, which ends it when it
    /// is shut down. Where there is a scope, spawn in the scope. A failure is whoever's who awaits the child; what nobody awaited
    /// surfaces when the runtime is shut down.
    /// </summary>
    /// <inheritdoc cref="TaskScope.Spawn(Func{CancellationToken, Task}, string?, string, int)" path="/param|/returns"/>
    /// <exception cref="InvalidOperationException">The runtime has been shut down.</exception>
    public ChildTask Spawn(
        Func<CancellationToken, Task> work, string? name = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        _root.Spawn(work, name, file, line);

    /// <inheritdoc cref="Spawn(Func{CancellationToken, Task}, string?, string, int)"/>
    [OverloadResolutionPriority(1)]
    public ChildTask Spawn(
        Func<CancellationToken, ValueTask> work, string? name = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        _root.Spawn(work, name, file, line);

    /// <inheritdoc cref="Spawn(Func{CancellationToken, Task}, string?, string, int)"/>
    [OverloadResolutionPriority(2)]
    public ChildTask Spawn(
        Func<CancellationToken, Fiber> work, string? name = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        _root.Spawn(work, name, file, line);

    /// <inheritdoc cref="Spawn(Func{CancellationToken, Task}, string?, string, int)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    public ChildTask<T> Spawn<T>(
        Func<CancellationToken, Task<T>> work, string? name = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        _root.Spawn(work, name, file, line);

    /// <inheritdoc cref="Spawn{T}(Func{CancellationToken, Task{T}}, string?, string, int)"/>
    [OverloadResolutionPriority(1)]
    public ChildTask<T> Spawn<T>(
        Func<CancellationToken, ValueTask<T>> work, string? name = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        _root.Spawn(work, name, file, line);

    /// <inheritdoc cref="Spawn{T}(Func{CancellationToken, Task{T}}, string?, string, int)"/>
    [OverloadResolutionPriority(2)]
    public ChildTask<T> Spawn<T>(
        Func<CancellationToken, Fiber<T>> work, string? name = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        _root.Spawn(work, name, file, line);

    /// <summary>
    /// Starts <paramref name="work"/>, which blocks its thread, as a child of the runtime: on a thread that may be blocked, see
    /// <see cref="TaskScope.SpawnBlocking(Action{CancellationToken}, string?, string, int)"/>.
    /// </summary>
    /// <inheritdoc cref="TaskScope.SpawnBlocking(Action{CancellationToken}, string?, string, int)" path="/param|/returns"/>
    /// <exception cref="InvalidOperationException">The runtime has been shut down.</exception>
    public ChildTask SpawnBlocking(
        Action<CancellationToken> work, string? name = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        _root.SpawnBlocking(work, name, file, line);

    /// <inheritdoc cref="SpawnBlocking(Action{CancellationToken}, string?, string, int)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    public ChildTask<T> SpawnBlocking<T>(
        Func<CancellationToken, T> work, string? name = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        _root.SpawnBlocking(work, name, file, line);

    /// <summary>
    /// Runs <paramref name="body"/> with a new scope on the runtime, and blocks the calling thread until it and everything spawned in the
    /// scope have ended. A current-thread runtime runs on that very thread, for as long as this takes; of several threads that block on it one
    /// does.
    /// </summary>
    /// <param name="body">Gets the scope to spawn in. It runs on a worker from its first line.</param>
    /// <param name="cancellationToken">Cancels the scope.</param>
    /// <param name="name">How the scope is shown in the tree and in errors; by default the method that calls this.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="ScopeException">More than one thing failed in the scope. A single failure is rethrown as itself.</exception>
    /// <exception cref="OperationCanceledException">The scope was cancelled from outside.</exception>
    /// <exception cref="InvalidOperationException">It was called on a worker, of this runtime or another; or the runtime has been shut down.</exception>
    public void BlockOn(
        Func<TaskScope, Task> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Block(() => TaskScope.RunAsync(body, cancellationToken, name, file, line));

    /// <inheritdoc cref="BlockOn(Func{TaskScope, Task}, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(1)]
    public void BlockOn(
        Func<TaskScope, ValueTask> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Block(() => TaskScope.RunAsync(body, cancellationToken, name, file, line));

    /// <inheritdoc cref="BlockOn(Func{TaskScope, Task}, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(2)]
    public void BlockOn(
        Func<TaskScope, Fiber> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Block(() => TaskScope.RunAsync(body, cancellationToken, name, file, line));

    /// <inheritdoc cref="BlockOn(Func{TaskScope, Task}, CancellationToken, string, string, int)"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    /// <returns>The body's result.</returns>
    public T BlockOn<T>(
        Func<TaskScope, Task<T>> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Block(() => TaskScope.RunAsync(body, cancellationToken, name, file, line));

    /// <inheritdoc cref="BlockOn{T}(Func{TaskScope, Task{T}}, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(1)]
    public T BlockOn<T>(
        Func<TaskScope, ValueTask<T>> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Block(() => TaskScope.RunAsync(body, cancellationToken, name, file, line));

    /// <inheritdoc cref="BlockOn{T}(Func{TaskScope, Task{T}}, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(2)]
    public T BlockOn<T>(
        Func<TaskScope, Fiber<T>> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Block(() => TaskScope.RunAsync(body, cancellationToken, name, file, line));

    /// <summary>
    /// Runs <paramref name="body"/> once on each core of a runtime with a thread to a core (on any other: once), each with a scope whose
    /// children stay on that core, and blocks the calling thread until all have ended. If one fails, the others are cancelled. Listeners
    /// that share a port (<c>ReusePort</c>) are opened in it, one on each core.
    /// </summary>
    /// <param name="body">Gets the scope of its core. It runs there.</param>
    /// <param name="cancellationToken">Cancels all.</param>
    /// <exception cref="ScopeException">Several have failed. A single failure is rethrown as itself.</exception>
    /// <exception cref="OperationCanceledException">They were cancelled from outside.</exception>
    /// <exception cref="InvalidOperationException">It was called on a worker, of this runtime or another; or the runtime has been shut down.</exception>
    public void BlockOnEachCore(Func<TaskScope, Task> body, CancellationToken cancellationToken = default) =>
        BlockOnEach(scope => scope.Spawn(_ => body(scope), "body"), cancellationToken);

    /// <inheritdoc cref="BlockOnEachCore(Func{TaskScope, Task}, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public void BlockOnEachCore(Func<TaskScope, ValueTask> body, CancellationToken cancellationToken = default) =>
        BlockOnEach(scope => scope.Spawn(_ => body(scope), "body"), cancellationToken);

    /// <inheritdoc cref="BlockOnEachCore(Func{TaskScope, Task}, CancellationToken)"/>
    [OverloadResolutionPriority(2)]
    public void BlockOnEachCore(Func<TaskScope, Fiber> body, CancellationToken cancellationToken = default) =>
        BlockOnEach(scope => scope.Spawn(_ => body(scope), "body"), cancellationToken);

    /// <summary>Its name and shape.</summary>
    public override string ToString() => $"{Settings.Name} ({Settings.Shape}, {Cores.Sum(static core => core.Scheduler.Seats)} workers)";

    private void BlockOnEach(Func<TaskScope, ChildTask> spawn, CancellationToken cancellationToken) =>
        BlockOn(
            all =>
            {
                for (int core = 0; core < Cores.Length; core++)
                {
                    all.SpawnScope(
                        async scope => await spawn(scope),
                        new ScopeOptions { Name = $"core {core}", Executor = Cores[core].Scheduler });
                }

                return ValueTask.CompletedTask;
            },
            cancellationToken);

    private void Block(Func<Task> start) => Block(WithNothing(start));

    private T Block<T>(Func<Task<T>> start)
    {
        if (WorkerThread.Current.Worker?.Scheduler is { } scheduler)
        {
            throw new InvalidOperationException(
                $"BlockOn was called on a worker of '{(scheduler.Owner as RuntimeCore)?.Settings.Name ?? "the thread pool"}', by '{Ambient.CurrentOrRoot.Path}'. "
                + "It would block the thread that others of that runtime need, perhaps the very thing it waits for. Await it "
                + "instead: TaskScope.RunAsync. Synchronous code that must block belongs in SpawnBlocking.");
        }

        if (Interlocked.Increment(ref _callers) < 0)
        {
            throw new InvalidOperationException(
                $"The runtime '{Settings.Name}' has been shut down, so nothing can be run on it any more. Build another.");
        }

        try
        {
            return BlockUnchecked(start);
        }
        finally
        {
            Interlocked.Decrement(ref _callers);
        }
    }

    /// <summary>From here on nobody may block on the runtime.</summary>
    /// <exception cref="InvalidOperationException">Somebody does.</exception>
    private protected void CloseToCallers()
    {
        if (Interlocked.CompareExchange(ref _callers, int.MinValue, 0) is var callers and > 0)
        {
            throw new InvalidOperationException(
                $"The runtime '{Settings.Name}' cannot be shut down: {callers} {(callers == 1 ? "thread blocks" : "threads block")} on it still. "
                + "Cancel what they run, by the token that BlockOn was given, and shut the runtime down when they have returned.");
        }
    }

    private protected void BlockUnchecked(Func<Task> start) => BlockUnchecked(WithNothing(start));

    private static Func<Task<Nothing>> WithNothing(Func<Task> start) => async () =>
    {
        await start().ConfigureAwait(false);
        return default;
    };

    private T BlockUnchecked<T>(Func<Task<T>> start)
    {
        var call = new BlockingCall<T>(start);
        Cores[0].Scheduler.Schedule(call);
        Cores[0].Caller?.Drive(call.Task);
        return call.Task.GetAwaiter().GetResult();
    }
}
