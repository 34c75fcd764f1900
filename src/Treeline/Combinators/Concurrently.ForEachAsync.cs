using System.Runtime.CompilerServices;

namespace Treeline;

// Does something with each item.
public static partial class Concurrently
{
    /// <summary>
    /// Does something with each item, with several at a time: as many workers as there are items to do, up to the limit,
    /// which take the items one after another. The first failure cancels the rest, and surfaces when all of it has ended and
    /// the source has been disposed.
    /// Cancellation: items in work are cancelled and waited for, no more are taken; then
    /// <see cref="OperationCanceledException"/> surfaces.
    /// </summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="source">The items. It is used by one worker at a time, not always the same.</param>
    /// <param name="maxConcurrency">How many items are in work at a time, at most; at least 1.</param>
    /// <param name="body">Gets an item and the loop's token.</param>
    /// <param name="cancellationToken">Cancels the loop.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>A task that completes when all items are done.</returns>
    /// <exception cref="ScopeException">More than one failed. A single failure is rethrown as itself.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The limit is less than 1.</exception>
    [OverloadResolutionPriority(3)]
    public static Task ForEachAsync<T>(
        IAsyncEnumerable<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, Task> body,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        ForEach(
            new Supply<T>(source), maxConcurrency, ItemWork.OfTask(body), new Combination(nameof(ForEachAsync), file, line), cancellationToken);

    /// <inheritdoc cref="ForEachAsync{T}(IAsyncEnumerable{T}, int, Func{T, CancellationToken, Task}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(4)]
    public static Task ForEachAsync<T>(
        IAsyncEnumerable<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, ValueTask> body,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        ForEach(
            new Supply<T>(source), maxConcurrency, ItemWork.OfValueTask(body), new Combination(nameof(ForEachAsync), file, line), cancellationToken);

    /// <inheritdoc cref="ForEachAsync{T}(IAsyncEnumerable{T}, int, Func{T, CancellationToken, Task}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(5)]
    public static Task ForEachAsync<T>(
        IAsyncEnumerable<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, Fiber> body,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        ForEach(
            new Supply<T>(source), maxConcurrency, ItemWork.OfFiber(body), new Combination(nameof(ForEachAsync), file, line), cancellationToken);

    /// <inheritdoc cref="ForEachAsync{T}(IAsyncEnumerable{T}, int, Func{T, CancellationToken, Task}, CancellationToken, string, int)"/>
    public static Task ForEachAsync<T>(
        IEnumerable<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, Task> body,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        ForEach(
            new Supply<T>(source), maxConcurrency, ItemWork.OfTask(body), new Combination(nameof(ForEachAsync), file, line), cancellationToken);

    /// <inheritdoc cref="ForEachAsync{T}(IAsyncEnumerable{T}, int, Func{T, CancellationToken, Task}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static Task ForEachAsync<T>(
        IEnumerable<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, ValueTask> body,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        ForEach(
            new Supply<T>(source), maxConcurrency, ItemWork.OfValueTask(body), new Combination(nameof(ForEachAsync), file, line), cancellationToken);

    /// <inheritdoc cref="ForEachAsync{T}(IAsyncEnumerable{T}, int, Func{T, CancellationToken, Task}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(2)]
    public static Task ForEachAsync<T>(
        IEnumerable<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, Fiber> body,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        ForEach(
            new Supply<T>(source), maxConcurrency, ItemWork.OfFiber(body), new Combination(nameof(ForEachAsync), file, line), cancellationToken);

    private static Task<Nothing> ForEach<T>(
        Supply<T> source,
        int maxConcurrency,
        Func<T, CancellationToken, Fiber> body,
        Combination combination,
        CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxConcurrency, 1);
        var loop = new ItemLoop<T>(source, maxConcurrency, (item, _, token) => body(item, token), combination);
        return combination.FailFastAsync(scope => loop.RunAsync(scope).Inner, cancellationToken);
    }
}
