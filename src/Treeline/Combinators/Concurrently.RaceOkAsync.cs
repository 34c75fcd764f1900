using System.Runtime.CompilerServices;

namespace Treeline;

// The first success counts.
public static partial class Concurrently
{
    /// <summary>
    /// Runs all of it at once; the first success counts, and the others are cancelled and waited for. A failure counts
    /// only if nobody succeeds: then all of them surface. What losers may give all the same is dropped; what they throw after
    /// they were cancelled is not.
    /// Cancellation: what runs is cancelled and waited for; then <see cref="OperationCanceledException"/> surfaces, and failures
    /// from before do not.
    /// </summary>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <param name="work">What to run: at least one, none of it null.</param>
    /// <param name="cancellationToken">Cancels all of them.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The result of the first that succeeded, after all have ended.</returns>
    /// <exception cref="ScopeException">
    /// Nobody has succeeded, and this is why, first to last; or losers failed while cleaning up. A single failure is
    /// rethrown as itself.
    /// </exception>
    /// <exception cref="ArgumentException">There is nothing to run.</exception>
    [OverloadResolutionPriority(1)]
    public static Task<T> RaceOkAsync<T>(
        IEnumerable<Func<CancellationToken, Task<T>>> work,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        RaceOk<T>(ToArray(work, nameof(work), mayBeEmpty: false), new Combination(nameof(RaceOkAsync), file, line), cancellationToken);

    /// <inheritdoc cref="RaceOkAsync{T}(IEnumerable{Func{CancellationToken, Task{T}}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(3)]
    public static Task<T> RaceOkAsync<T>(
        IEnumerable<Func<CancellationToken, ValueTask<T>>> work,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        RaceOk<T>(ToArray(work, nameof(work), mayBeEmpty: false), new Combination(nameof(RaceOkAsync), file, line), cancellationToken);

    /// <inheritdoc cref="RaceOkAsync{T}(IEnumerable{Func{CancellationToken, Task{T}}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(5)]
    public static Task<T> RaceOkAsync<T>(
        IEnumerable<Func<CancellationToken, Fiber<T>>> work,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        RaceOk<T>(ToArray(work, nameof(work), mayBeEmpty: false), new Combination(nameof(RaceOkAsync), file, line), cancellationToken);

    private static Task<T> RaceOk<T>(Delegate[] work, Combination combination, CancellationToken cancellationToken) =>
        combination.SuperviseAsync(
            new Attempts<T>(combination, work, names: null, delay: null, clock: null).RunAsync, cancellationToken);
}
