using System.Globalization;

namespace Treeline;

/// <summary>What all combinators are made of: a scope under the caller's node, named after the combinator, and numbered children.</summary>
/// <param name="Name">The combinator's name.</param>
/// <param name="File">Where it was called; of its scope and of the children in it.</param>
/// <param name="Line">The line in it.</param>
internal readonly record struct Combination(string Name, string File, int Line)
{
    private static readonly ScopeOptions s_supervise = new() { OnFailure = FailurePolicy.Supervise };

    private static readonly string[] s_numbers = [.. Enumerable.Range(0, 8).Select(Number)];

    /// <summary>Runs <paramref name="body"/> in a scope whose first failure ends it.</summary>
    public Task<T> FailFastAsync<T>(Func<TaskScope, Fiber<T>> body, CancellationToken cancellationToken)
    {
        using (WithoutContext.Enter())
        {
            return TaskScope.RunAsync(body, cancellationToken, Name, File, Line);
        }
    }

    /// <summary>Runs <paramref name="body"/> in a scope that reports only the failures that nobody has looked at.</summary>
    public Task<T> SuperviseAsync<T>(Func<TaskScope, Fiber<T>> body, CancellationToken cancellationToken)
    {
        using (WithoutContext.Enter())
        {
            return TaskScope.RunAsync(body, s_supervise, cancellationToken, Name, File, Line);
        }
    }

    /// <summary>A scope to close by hand, for the time in which a stream is read.</summary>
    public TaskScope Open(CancellationToken cancellationToken) => TaskScope.Open(cancellationToken, Name, File, Line);

    /// <summary>Spawns work of any shape, named by its place in the list.</summary>
    public ChildTask<T> Spawn<T>(TaskScope scope, Delegate work, int index, string? name = null) =>
        scope.SpawnAny<T>(work, new CallSite(name ?? (index < s_numbers.Length ? s_numbers[index] : Number(index)), File, Line));

    /// <summary>Spawns a child that is named by the place only.</summary>
    public ChildTask SpawnUnnamed(TaskScope scope, Func<CancellationToken, Fiber> work) =>
        scope.SpawnAny<Nothing>(work, new CallSite(null, File, Line));

    private static string Number(int index) => string.Create(CultureInfo.InvariantCulture, $"#{index + 1}");

    /// <summary>
    /// A time in which the thread has no synchronization context: the body of a combinator needs no user interface's thread
    /// to go on, and must not wait for one that is blocked. A worker's own context stays.
    /// </summary>
    private readonly ref struct WithoutContext
    {
        private readonly SynchronizationContext? _context;

        private WithoutContext(SynchronizationContext? context) => _context = context;

        public static WithoutContext Enter()
        {
            SynchronizationContext? context = SynchronizationContext.Current;
            if (context is null || WorkerThread.Current.Worker is not null)
            {
                return default;
            }

            SynchronizationContext.SetSynchronizationContext(null);
            return new WithoutContext(context);
        }

        public void Dispose()
        {
            if (_context is not null)
            {
                SynchronizationContext.SetSynchronizationContext(_context);
            }
        }
    }
}
