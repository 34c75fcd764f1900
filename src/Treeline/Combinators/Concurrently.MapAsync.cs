using System.Runtime.CompilerServices;

namespace Treeline;

// Makes something of each item, and keeps the order.
public static partial class Concurrently
{
    /// <summary>
    /// Makes something of each item, with several in work at a time, and gives all results in the order of the items.
    /// Otherwise as <c>ForEachAsync</c>.
    /// Cancellation: items in work are cancelled and waited for, no more are taken; then
    /// <see cref="OperationCanceledException"/> surfaces.
    /// </summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <typeparam name="TResult">The type of the results.</typeparam>
    /// <param name="source">The items. It is used by one worker at a time, not always the same.</param>
    /// <param name="maxConcurrency">How many items are in work at a time, at most; at least 1.</param>
    /// <param name="map">Gets an item and the loop's token.</param>
    /// <param name="cancellationToken">Cancels the loop.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The results, in the order of the items.</returns>
    /// <exception cref="ScopeException">More than one failed. A single failure is rethrown as itself.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The limit is less than 1.</exception>
    public static Task<TResult[]> MapAsync<T, TResult>(
        IEnumerable<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, Task<TResult>> map,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Map(
            new Supply<T>(source), maxConcurrency, ItemWork.OfTask(map), new Combination(nameof(MapAsync), file, line), cancellationToken);

    /// <inheritdoc cref="MapAsync{T, TResult}(IEnumerable{T}, int, Func{T, CancellationToken, Task{TResult}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static Task<TResult[]> MapAsync<T, TResult>(
        IEnumerable<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, ValueTask<TResult>> map,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Map(
            new Supply<T>(source), maxConcurrency, ItemWork.OfValueTask(map), new Combination(nameof(MapAsync), file, line), cancellationToken);

    /// <inheritdoc cref="MapAsync{T, TResult}(IEnumerable{T}, int, Func{T, CancellationToken, Task{TResult}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(2)]
    public static Task<TResult[]> MapAsync<T, TResult>(
        IEnumerable<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, Fiber<TResult>> map,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Map(
            new Supply<T>(source), maxConcurrency, ItemWork.OfFiber(map), new Combination(nameof(MapAsync), file, line), cancellationToken);

    /// <summary>
    /// Makes something of each item of a stream, with several in work at a time, and gives the results as a stream, in the
    /// order of the items. A result that nobody has taken counts as in work: a slow reader slows the work down.
    /// Cancellation: the token, a failure and the consumer stopping early cancel the items in work. The stream ends when
    /// they have ended and the source has been disposed; a failure surfaces then.
    /// </summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <typeparam name="TResult">The type of the results.</typeparam>
    /// <param name="source">The items. It is used by one worker at a time, not always the same.</param>
    /// <param name="maxConcurrency">How many items are in work at a time, at most; at least 1.</param>
    /// <param name="map">Gets an item and the loop's token.</param>
    /// <param name="cancellationToken">Cancels the loop.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of the results. Nothing is done before it is read.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The limit is less than 1.</exception>
    [OverloadResolutionPriority(3)]
    public static IAsyncEnumerable<TResult> MapAsync<T, TResult>(
        IAsyncEnumerable<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, Task<TResult>> map,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        MapStream(
            new Supply<T>(source), maxConcurrency, ItemWork.OfTask(map), new Combination(nameof(MapAsync), file, line), cancellationToken);

    /// <inheritdoc cref="MapAsync{T, TResult}(IAsyncEnumerable{T}, int, Func{T, CancellationToken, Task{TResult}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(4)]
    public static IAsyncEnumerable<TResult> MapAsync<T, TResult>(
        IAsyncEnumerable<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, ValueTask<TResult>> map,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        MapStream(
            new Supply<T>(source), maxConcurrency, ItemWork.OfValueTask(map), new Combination(nameof(MapAsync), file, line), cancellationToken);

    /// <inheritdoc cref="MapAsync{T, TResult}(IAsyncEnumerable{T}, int, Func{T, CancellationToken, Task{TResult}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(5)]
    public static IAsyncEnumerable<TResult> MapAsync<T, TResult>(
        IAsyncEnumerable<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, Fiber<TResult>> map,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        MapStream(
            new Supply<T>(source), maxConcurrency, ItemWork.OfFiber(map), new Combination(nameof(MapAsync), file, line), cancellationToken);

    private static Task<TResult[]> Map<T, TResult>(
        Supply<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, Fiber<TResult>> map,
        Combination combination,
        CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxConcurrency, 1);
        var results = new Results<TResult>(source.Count ?? 0);
        var loop = new ItemLoop<T>(
            source,
            maxConcurrency,
            async (item, number, token) => results.Set(number, await map(item, token)),
            combination);
        return combination.FailFastAsync(
            async scope =>
            {
                await loop.RunAsync(scope);
                return results.ToArray();
            },
            cancellationToken);
    }

    internal static IAsyncEnumerable<TResult> MapStream<T, TResult>(
        Supply<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, Fiber<TResult>> map,
        Combination combination,
        CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxConcurrency, 1);
        return Deliver(source, maxConcurrency, map, inOrder: true, combination, cancellationToken);
    }

    private static async IAsyncEnumerable<TResult> Deliver<T, TResult>(
        Supply<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, Fiber<TResult>> map,
        bool inOrder,
        Combination combination,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        TaskScope scope = combination.Open(cancellationToken);
        await using (scope.ConfigureAwait(SchedulerContext.IsCurrent))
        {
            var arrivals = new Arrivals<Parcel<TResult>?>("the next result");
            Sorter<TResult>? sorter = inOrder ? new Sorter<TResult>(maxConcurrency) : null;
            var loop = new ItemLoop<T>(
                source.Renew(),
                maxConcurrency,
                async (item, number, token) =>
                {
                    var parcel = new Parcel<TResult>(number, await map(item, token));
                    arrivals.Post(parcel);
                    await parcel.Taken(token);
                },
                combination);
            ChildTask all = combination.Spawn<Nothing>(
                scope, (CancellationToken token) => combination.FailFastAsync(each => loop.RunAsync(each).Inner, token), 0, "items");
            arrivals.PostAtEndOf(all, null);
            while (true)
            {
                Parcel<TResult>? parcel;
                while (!arrivals.TryTake(out parcel))
                {
                    await arrivals.WaitAsync().ConfigureAwait(SchedulerContext.IsCurrent);
                }

                if (parcel is null)
                {
                    break;
                }

                if (sorter is null)
                {
                    yield return parcel.Take();
                    continue;
                }

                sorter.Add(parcel);
                while (sorter.TakeNext() is { } next)
                {
                    yield return next.Take();
                }
            }

            await scope.JoinAsync().ConfigureAwait(SchedulerContext.IsCurrent);
        }
    }
}
