using System.Runtime.CompilerServices;

namespace Treeline.Testing;

// Running code in the time of the clock.
public sealed partial class VirtualTime
{
    private VirtualTimeCrank? _crank;

    /// <summary>
    /// Runs <paramref name="body"/> with a new scope, as <see cref="TaskScope"/>'s <c>RunAsync</c> does, on one thread in the
    /// time of this clock: whenever nothing is ready to run, the clock is moved to the next timer, which fires.
    /// Cancellation: <paramref name="cancellationToken"/> cancels the scope; then, once all has ended,
    /// <see cref="OperationCanceledException"/> with that token surfaces.
    /// </summary>
    /// <remarks>
    /// All awaits come back to the one thread, so the order is always the same. Code that leaves it (<c>Task.Run</c>,
    /// <c>ConfigureAwait(false)</c>) is waited for while it is seen to run; the clock stands still meanwhile. What nobody can
    /// see, input and output above all, the clock has to be told of: <see cref="HoldFor"/>. Of timers with the same time,
    /// the first fires and all that follows from it is done before the second does.
    /// </remarks>
    /// <param name="body">Gets the scope to spawn in, whose clock is this one.</param>
    /// <param name="cancellationToken">Cancels the scope.</param>
    /// <param name="name">How the scope is shown in the tree and in errors; by default the method that runs it.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>A task that completes after everything in the scope has.</returns>
    /// <exception cref="StuckException">
    /// The body waits for something that will never happen. Its scope has been cancelled, so that it could clean up.
    /// </exception>
    /// <exception cref="ScopeException">More than one thing failed in the scope. A single failure is rethrown as itself.</exception>
    /// <exception cref="InvalidOperationException">The clock is in use by another run.</exception>
    public Task RunAsync(
        Func<TaskScope, Task> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Start<Nothing>(run => TaskScope.RunAsync(scope => body(run.Enter(scope)), run.Options(name), cancellationToken, name, file, line));
    }

    /// <inheritdoc cref="RunAsync(Func{TaskScope, Task}, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(1)]
    public Task RunAsync(
        Func<TaskScope, ValueTask> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Start<Nothing>(run => TaskScope.RunAsync(scope => body(run.Enter(scope)), run.Options(name), cancellationToken, name, file, line));
    }

    /// <inheritdoc cref="RunAsync(Func{TaskScope, Task}, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(2)]
    public Task RunAsync(
        Func<TaskScope, Fiber> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Start<Nothing>(run => TaskScope.RunAsync(scope => body(run.Enter(scope)), run.Options(name), cancellationToken, name, file, line));
    }

    /// <inheritdoc cref="RunAsync(Func{TaskScope, Task}, CancellationToken, string, string, int)"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    /// <returns>The body's result, after everything in the scope has ended.</returns>
    public Task<T> RunAsync<T>(
        Func<TaskScope, Task<T>> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Start<T>(run => TaskScope.RunAsync(scope => body(run.Enter(scope)), run.Options(name), cancellationToken, name, file, line));
    }

    /// <inheritdoc cref="RunAsync{T}(Func{TaskScope, Task{T}}, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(1)]
    public Task<T> RunAsync<T>(
        Func<TaskScope, ValueTask<T>> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Start<T>(run => TaskScope.RunAsync(scope => body(run.Enter(scope)), run.Options(name), cancellationToken, name, file, line));
    }

    /// <inheritdoc cref="RunAsync{T}(Func{TaskScope, Task{T}}, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(2)]
    public Task<T> RunAsync<T>(
        Func<TaskScope, Fiber<T>> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Start<T>(run => TaskScope.RunAsync(scope => body(run.Enter(scope)), run.Options(name), cancellationToken, name, file, line));
    }

    /// <summary>
    /// Keeps the clock where it is until <paramref name="work"/> has ended. For what a run cannot see: real input and output,
    /// timers of the system. By hand the clock can still be moved. Call it before you await the work.
    /// </summary>
    /// <param name="work">What to wait for. Its failure is not looked at.</param>
    /// <exception cref="InvalidOperationException">Nothing runs in the time of this clock.</exception>
    public void HoldFor(Task work)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (Volatile.Read(ref _crank) is not { } crank)
        {
            throw new InvalidOperationException(
                "HoldFor was called and nothing runs in the time of this clock, so nothing would move it. It belongs into the body "
                + "given to RunAsync, or to Deterministic.");
        }

        crank.HoldFor(work);
    }

    /// <summary>From now on <paramref name="crank"/> moves the clock.</summary>
    internal void BeginRun(VirtualTimeCrank crank)
    {
        if (Interlocked.CompareExchange(ref _crank, crank, null) is not null)
        {
            throw new InvalidOperationException(
                "This clock is moved by another run already, and two cannot agree when to. Await that one first, run both "
                + "bodies in one, or give each a clock of its own.");
        }
    }

    /// <summary>It moves the clock no more.</summary>
    internal void EndRun() => Volatile.Write(ref _crank, null);

    private Task<T> Start<T>(Func<VirtualRun, Task> open)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        RunThread.Start(() =>
        {
            try
            {
                result.SetFromTask((Task<T>)VirtualRun.Run(this, null, open));
            }
            catch (Exception e)
            {
                result.SetException(e);
            }
        });
        return result.Task;
    }
}
