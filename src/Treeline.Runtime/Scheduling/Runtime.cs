using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>
/// Threads of one's own to run scopes on, instead of the .NET thread pool: workers that wait in the I/O driver, so that what a socket
/// brings goes on on the thread that heard of it. Code stays as it is: <code>Runtime.Run(async scope => { … });</code>
/// </summary>
/// <remarks>
/// <para>Code that runs on a runtime comes back to its workers after every await, of Treeline's or of anything else.</para>
/// <para>Whoever builds a runtime disposes of it: then what it still runs is cancelled and waited for.</para>
/// </remarks>
public sealed class Runtime : RuntimeHandle, IDisposable, IAsyncDisposable
{
    private readonly Lock _shutdown = new();
    private bool _isShutDown;

    internal Runtime(RuntimeSettings settings, Func<RuntimeHandle, RuntimeCore[]> cores)
        : base(settings, cores)
    {
    }

    /// <summary>This, for those who are not to shut it down.</summary>
    public RuntimeHandle Handle => this;

    /// <summary>Begins a runtime: how many threads, what they can do.</summary>
    /// <returns>A builder, set to several workers with neither I/O nor timers.</returns>
    public static RuntimeBuilder CreateBuilder() => new();

    /// <summary>
    /// Runs <paramref name="body"/> with a new scope on a new runtime, with a worker for each processor, I/O and timers; blocks the calling thread until
    /// all has ended, and shuts the runtime down.
    /// </summary>
    /// <inheritdoc cref="RuntimeHandle.BlockOn(Func{TaskScope, Task}, CancellationToken, string, string, int)" path="/param|/exception"/>
    public static void Run(
        Func<TaskScope, Task> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        using Runtime runtime = CreateBuilder().EnableAll().Build();
        runtime.BlockOn(body, cancellationToken, name, file, line);
    }

    /// <inheritdoc cref="Run(Func{TaskScope, Task}, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static void Run(
        Func<TaskScope, ValueTask> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        using Runtime runtime = CreateBuilder().EnableAll().Build();
        runtime.BlockOn(body, cancellationToken, name, file, line);
    }

    /// <inheritdoc cref="Run(Func{TaskScope, Task}, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(2)]
    public static void Run(
        Func<TaskScope, Fiber> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        using Runtime runtime = CreateBuilder().EnableAll().Build();
        runtime.BlockOn(body, cancellationToken, name, file, line);
    }

    /// <inheritdoc cref="Run(Func{TaskScope, Task}, CancellationToken, string, string, int)"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    /// <returns>The body's result.</returns>
    public static T Run<T>(
        Func<TaskScope, Task<T>> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        using Runtime runtime = CreateBuilder().EnableAll().Build();
        return runtime.BlockOn(body, cancellationToken, name, file, line);
    }

    /// <inheritdoc cref="Run{T}(Func{TaskScope, Task{T}}, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static T Run<T>(
        Func<TaskScope, ValueTask<T>> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        using Runtime runtime = CreateBuilder().EnableAll().Build();
        return runtime.BlockOn(body, cancellationToken, name, file, line);
    }

    /// <inheritdoc cref="Run{T}(Func{TaskScope, Task{T}}, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(2)]
    public static T Run<T>(
        Func<TaskScope, Fiber<T>> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        using Runtime runtime = CreateBuilder().EnableAll().Build();
        return runtime.BlockOn(body, cancellationToken, name, file, line);
    }

    /// <summary>
    /// Takes no more work, asks what was spawned on the runtime to stop (<see cref="CancelScope.StoppingToken"/>), gives it
    /// <paramref name="grace"/> to end, then cancels it, waits for all of it, and ends the threads. What does not end even so for the patience that the
    /// builder was given (10 s by default) is left behind, and named.
    /// </summary>
    /// <param name="grace">How long what runs may go on; <see cref="Timeout.InfiniteTimeSpan"/>: for as long as it takes.</param>
    /// <exception cref="AbandonedException">Something did not end. It says what, where it was spawned and what it waits for.</exception>
    /// <exception cref="ScopeException">Several children of the runtime have failed, and nobody had awaited them. A single failure is rethrown as itself.</exception>
    /// <exception cref="InvalidOperationException">
    /// It was called on a worker, which would be blocked, or wait for itself; or a thread blocks on the runtime still (<c>BlockOn</c>): then
    /// nothing has happened, and it can be called again when that has returned. Cancel what that thread runs by the token it was given.
    /// </exception>
    public void Shutdown(TimeSpan grace)
    {
        if (WorkerThread.Current.Worker is { } worker)
        {
            throw new InvalidOperationException(
                worker.Scheduler.Owner is RuntimeCore core && ReferenceEquals(core.Runtime, this)
                    ? $"The runtime '{Settings.Name}' cannot be shut down by '{Ambient.CurrentOrRoot.Path}', which runs on it: it would wait for itself. "
                    + "Shut it down where BlockOn has returned, or await ShutdownAsync elsewhere."
                    : $"'{Ambient.CurrentOrRoot.Path}' runs on a worker, which shutting the runtime '{Settings.Name}' down would block. Await "
                    + "ShutdownAsync or DisposeAsync (await using) instead.");
        }

        lock (_shutdown)
        {
            if (_isShutDown)
            {
                return;
            }

            CloseToCallers();
            _isShutDown = true;
            bool abandoned = false;
            try
            {
                if (grace == TimeSpan.Zero)
                {
                    Root.Cancel($"The runtime '{Settings.Name}' is being shut down.");
                }
                else
                {
                    Root.Stop(grace, $"The runtime '{Settings.Name}' is being shut down.");
                }

                BlockUnchecked(Root.JoinAsync);
            }
            catch (AbandonedException)
            {
                abandoned = true; // whoever blocks a thread for ever would keep ours as well
                throw;
            }
            finally
            {
                if (!abandoned)
                {
                    foreach (RuntimeCore each in Cores)
                    {
                        each.Dispose();
                    }

                    Blocking?.Close();
                }
            }
        }
    }

    /// <summary>
    /// As <see cref="Shutdown"/>, without blocking the caller: a thread of its own does it.
    /// Cancellation: cannot be cancelled; <paramref name="grace"/> and the builder's patience bound it.
    /// </summary>
    /// <inheritdoc cref="Shutdown" path="/param|/exception"/>
    /// <returns>Completes when the threads have ended.</returns>
    public Task ShutdownAsync(TimeSpan grace) =>
        Task.Factory.StartNew(
            () => Shutdown(grace), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Cancels what was spawned on the runtime, waits for it, and ends the threads; see <see cref="Shutdown"/>.</summary>
    public void Dispose() => Shutdown(TimeSpan.Zero);

    /// <summary>
    /// As <see cref="Dispose"/>, without blocking. Cancellation: cannot be cancelled.
    /// </summary>
    /// <returns>Completes when the threads have ended.</returns>
    public ValueTask DisposeAsync() => new(ShutdownAsync(TimeSpan.Zero));
}
