using System.Runtime.CompilerServices;

namespace Treeline;

// The ways to spawn a child that blocks its thread.
public sealed partial class TaskScope
{
    /// <summary>
    /// Starts <paramref name="work"/>, which blocks its thread (a synchronous driver, a file, a lock), as a child of this
    /// scope. It runs on a thread of its own, of which there are at most 512; beyond that, children wait for one in the
    /// order they came. So it holds up nothing that is asynchronous. For everything else it is a child like any other.
    /// Cancellation: code that has begun ends when it looks at its token. One that has not begun never does, and ends as
    /// cancelled at once.
    /// </summary>
    /// <param name="work">Gets the scope's token. Synchronous code: for an async method there is <c>Spawn</c>.</param>
    /// <param name="name">How the child is shown in the tree and in errors; by default where it was spawned.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The child. It need not be awaited.</returns>
    /// <exception cref="InvalidOperationException">The scope has ended.</exception>
    public ChildTask SpawnBlocking(
        Action<CancellationToken> work,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        SpawnBlocking<Nothing>(work, ChildExecutor.Blocking, new CallSite(name, file, line));

    /// <inheritdoc cref="SpawnBlocking(Action{CancellationToken}, string?, string, int)"/>
    /// <typeparam name="T">The type of the child's result.</typeparam>
    /// <exception cref="ArgumentException"><paramref name="work"/> is asynchronous.</exception>
    public ChildTask<T> SpawnBlocking<T>(
        Func<CancellationToken, T> work,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        if (typeof(T).IsAssignableTo(typeof(Task)) || typeof(T) == typeof(ValueTask) || typeof(T) == typeof(Fiber)
            || (typeof(T).IsGenericType
                && (typeof(T).GetGenericTypeDefinition() == typeof(ValueTask<>)
                    || typeof(T).GetGenericTypeDefinition() == typeof(Fiber<>))))
        {
            throw new ArgumentException(
                $"SpawnBlocking in '{Path}' was given an asynchronous method. Its thread would be gone at the first await, and the "
                + "rest of the method would be nobody's child. Use Spawn.",
                nameof(work));
        }

        return SpawnBlocking<T>(work, ChildExecutor.Blocking, new CallSite(name, file, line));
    }

    internal ChildTask<T> SpawnBlocking<T>(Delegate work, BlockingPool pool, CallSite site)
    {
        ArgumentNullException.ThrowIfNull(work);
        var child = new BlockingChild<T>(work, pool);
        child.PlaceAsChild(this, site);
        return Launch(child);
    }
}
