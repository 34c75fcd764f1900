using System.Runtime.CompilerServices;

namespace Treeline;

// Several in work, results as they come.
public static partial class AsyncStreams
{
    /// <summary>
    /// Does something with each item, with several in work at a time, and gives the results as they come:
    /// <see cref="Concurrently.MapUnorderedAsync{T, TResult}(IAsyncEnumerable{T}, int, Func{T, CancellationToken, Task{TResult}}, CancellationToken, string, int)"/>
    /// at the end of a chain. A result that nobody has taken counts as in work.
    /// Cancellation: the token, a failure and the consumer stopping early cancel the items in work and wait for them.
    /// </summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <typeparam name="TResult">The type of the results.</typeparam>
    /// <param name="source">The items. It is used by one worker at a time, not always the same.</param>
    /// <param name="maxConcurrency">How many items are in work at a time, at most; at least 1.</param>
    /// <param name="work">Gets an item and a token.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The results, in the order in which they come. Nothing is done before they are read.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The limit is less than 1.</exception>
    public static IAsyncEnumerable<TResult> BufferUnordered<T, TResult>(
        this IAsyncEnumerable<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, Task<TResult>> work,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Concurrently.MapUnordered(
            new Supply<T>(source), maxConcurrency, ItemWork.OfTask(work), new Combination(nameof(BufferUnordered), file, line), CancellationToken.None);

    /// <inheritdoc cref="BufferUnordered{T, TResult}(IAsyncEnumerable{T}, int, Func{T, CancellationToken, Task{TResult}}, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static IAsyncEnumerable<TResult> BufferUnordered<T, TResult>(
        this IAsyncEnumerable<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, ValueTask<TResult>> work,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Concurrently.MapUnordered(
            new Supply<T>(source), maxConcurrency, ItemWork.OfValueTask(work), new Combination(nameof(BufferUnordered), file, line), CancellationToken.None);

    /// <inheritdoc cref="BufferUnordered{T, TResult}(IAsyncEnumerable{T}, int, Func{T, CancellationToken, Task{TResult}}, string, int)"/>
    [OverloadResolutionPriority(2)]
    public static IAsyncEnumerable<TResult> BufferUnordered<T, TResult>(
        this IAsyncEnumerable<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, Fiber<TResult>> work,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Concurrently.MapUnordered(
            new Supply<T>(source), maxConcurrency, ItemWork.OfFiber(work), new Combination(nameof(BufferUnordered), file, line), CancellationToken.None);
}
