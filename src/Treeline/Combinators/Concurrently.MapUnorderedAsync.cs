using System.Runtime.CompilerServices;

namespace Treeline;

// Makes something of each item, and gives what is done first.
public static partial class Concurrently
{
    /// <summary>
    /// Makes something of each item, with several in work at a time, and gives the results as a stream, in the
    /// order in which they come. A result that nobody has taken counts as in work: a slow reader slows the work down.
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
    public static IAsyncEnumerable<TResult> MapUnorderedAsync<T, TResult>(
        IAsyncEnumerable<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, Task<TResult>> map,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        MapUnordered(
            new Supply<T>(source), maxConcurrency, ItemWork.OfTask(map), new Combination(nameof(MapUnorderedAsync), file, line), cancellationToken);

    /// <inheritdoc cref="MapUnorderedAsync{T, TResult}(IAsyncEnumerable{T}, int, Func{T, CancellationToken, Task{TResult}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(4)]
    public static IAsyncEnumerable<TResult> MapUnorderedAsync<T, TResult>(
        IAsyncEnumerable<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, ValueTask<TResult>> map,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        MapUnordered(
            new Supply<T>(source), maxConcurrency, ItemWork.OfValueTask(map), new Combination(nameof(MapUnorderedAsync), file, line), cancellationToken);

    /// <inheritdoc cref="MapUnorderedAsync{T, TResult}(IAsyncEnumerable{T}, int, Func{T, CancellationToken, Task{TResult}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(5)]
    public static IAsyncEnumerable<TResult> MapUnorderedAsync<T, TResult>(
        IAsyncEnumerable<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, Fiber<TResult>> map,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        MapUnordered(
            new Supply<T>(source), maxConcurrency, ItemWork.OfFiber(map), new Combination(nameof(MapUnorderedAsync), file, line), cancellationToken);

    /// <inheritdoc cref="MapUnorderedAsync{T, TResult}(IAsyncEnumerable{T}, int, Func{T, CancellationToken, Task{TResult}}, CancellationToken, string, int)"/>
    public static IAsyncEnumerable<TResult> MapUnorderedAsync<T, TResult>(
        IEnumerable<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, Task<TResult>> map,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        MapUnordered(
            new Supply<T>(source), maxConcurrency, ItemWork.OfTask(map), new Combination(nameof(MapUnorderedAsync), file, line), cancellationToken);

    /// <inheritdoc cref="MapUnorderedAsync{T, TResult}(IAsyncEnumerable{T}, int, Func{T, CancellationToken, Task{TResult}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static IAsyncEnumerable<TResult> MapUnorderedAsync<T, TResult>(
        IEnumerable<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, ValueTask<TResult>> map,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        MapUnordered(
            new Supply<T>(source), maxConcurrency, ItemWork.OfValueTask(map), new Combination(nameof(MapUnorderedAsync), file, line), cancellationToken);

    /// <inheritdoc cref="MapUnorderedAsync{T, TResult}(IAsyncEnumerable{T}, int, Func{T, CancellationToken, Task{TResult}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(2)]
    public static IAsyncEnumerable<TResult> MapUnorderedAsync<T, TResult>(
        IEnumerable<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, Fiber<TResult>> map,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        MapUnordered(
            new Supply<T>(source), maxConcurrency, ItemWork.OfFiber(map), new Combination(nameof(MapUnorderedAsync), file, line), cancellationToken);

    internal static IAsyncEnumerable<TResult> MapUnordered<T, TResult>(
        Supply<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, Fiber<TResult>> map,
        Combination combination,
        CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxConcurrency, 1);
        return Deliver(source, maxConcurrency, map, inOrder: false, combination, cancellationToken);
    }
}
