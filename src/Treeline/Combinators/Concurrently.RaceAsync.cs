using System.Runtime.CompilerServices;

namespace Treeline;

// The first to end decides.
public static partial class Concurrently
{
    /// <summary>
    /// Runs all of it at once; what ends first, in whatever way, decides: its result is given, or its failure thrown. The
    /// others are cancelled and waited for. What they may give all the same is dropped; what they throw is not.
    /// Cancellation: what runs is cancelled and waited for; then <see cref="OperationCanceledException"/> surfaces.
    /// </summary>
    /// <typeparam name="T">The type of the results.</typeparam>
    /// <param name="work">What to run: at least one, none of it null.</param>
    /// <param name="cancellationToken">Cancels all of them.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The result of the one that ended first, after all have ended.</returns>
    /// <exception cref="ScopeException">
    /// More than one failed. A single failure is rethrown as itself, also that of a loser that failed while cleaning up: then
    /// there is no result.
    /// </exception>
    /// <exception cref="ArgumentException">There is nothing to run.</exception>
    [OverloadResolutionPriority(1)]
    public static Task<T> RaceAsync<T>(
        IEnumerable<Func<CancellationToken, Task<T>>> work,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Race<T>(ToArray(work, nameof(work), mayBeEmpty: false), new Combination(nameof(RaceAsync), file, line), cancellationToken);

    /// <inheritdoc cref="RaceAsync{T}(IEnumerable{Func{CancellationToken, Task{T}}}, CancellationToken, string, int)"/>
    /// <returns>A task that completes when all have ended.</returns>
    public static Task RaceAsync(
        IEnumerable<Func<CancellationToken, Task>> work,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Race<Nothing>(ToArray(work, nameof(work), mayBeEmpty: false), new Combination(nameof(RaceAsync), file, line), cancellationToken);

    /// <inheritdoc cref="RaceAsync{T}(IEnumerable{Func{CancellationToken, Task{T}}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(3)]
    public static Task<T> RaceAsync<T>(
        IEnumerable<Func<CancellationToken, ValueTask<T>>> work,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Race<T>(ToArray(work, nameof(work), mayBeEmpty: false), new Combination(nameof(RaceAsync), file, line), cancellationToken);

    /// <inheritdoc cref="RaceAsync{T}(IEnumerable{Func{CancellationToken, Task{T}}}, CancellationToken, string, int)"/>
    /// <returns>A task that completes when all have ended.</returns>
    [OverloadResolutionPriority(2)]
    public static Task RaceAsync(
        IEnumerable<Func<CancellationToken, ValueTask>> work,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Race<Nothing>(ToArray(work, nameof(work), mayBeEmpty: false), new Combination(nameof(RaceAsync), file, line), cancellationToken);

    /// <inheritdoc cref="RaceAsync{T}(IEnumerable{Func{CancellationToken, Task{T}}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(5)]
    public static Task<T> RaceAsync<T>(
        IEnumerable<Func<CancellationToken, Fiber<T>>> work,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Race<T>(ToArray(work, nameof(work), mayBeEmpty: false), new Combination(nameof(RaceAsync), file, line), cancellationToken);

    /// <inheritdoc cref="RaceAsync{T}(IEnumerable{Func{CancellationToken, Task{T}}}, CancellationToken, string, int)"/>
    /// <returns>A task that completes when all have ended.</returns>
    [OverloadResolutionPriority(4)]
    public static Task RaceAsync(
        IEnumerable<Func<CancellationToken, Fiber>> work,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Race<Nothing>(ToArray(work, nameof(work), mayBeEmpty: false), new Combination(nameof(RaceAsync), file, line), cancellationToken);

    private static Task<T> Race<T>(Delegate[] work, Combination combination, CancellationToken cancellationToken) =>
        combination.FailFastAsync(
            async scope =>
            {
                var ended = new Arrivals<int>("the first to end");
                var racers = new ChildTask<T>[work.Length];
                for (int i = 0; i < work.Length; i++)
                {
                    racers[i] = combination.Spawn<T>(scope, work[i], i);
                    ended.PostAtEndOf(racers[i], i);
                }

                int first;
                while (!ended.TryTake(out first))
                {
                    await ended.Wait();
                }

                T result = await racers[first];
                scope.Cancel($"'{racers[first].Name}' has won the race");
                return result;
            },
            cancellationToken);
}
