using System.Runtime.CompilerServices;

namespace Treeline;

// The first success counts, and the others start late.
public static partial class Concurrently
{
    /// <summary>
    /// Runs one after another, each when the one before has failed or has had <paramref name="delay"/>, beside those that
    /// still run; the first success counts, and the others are cancelled and waited for. A failure counts only if nobody
    /// succeeds: then all of them surface. What losers may give all the same is dropped; what they throw after they were
    /// cancelled is not. This is the staggered start of RFC 8305.
    /// Cancellation: what runs is cancelled and waited for; then <see cref="OperationCanceledException"/> surfaces, and failures
    /// from before do not.
    /// </summary>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <param name="attempts">What to run, the preferred first: at least one, none of it null.</param>
    /// <param name="delay">The head start of each; <see cref="Timeout.InfiniteTimeSpan"/>: until it fails.</param>
    /// <param name="cancellationToken">Cancels all of them.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The result of the first that succeeded, after all that were started have ended.</returns>
    /// <exception cref="ScopeException">
    /// Nobody has succeeded, and this is why, first to last; or losers failed while cleaning up. A single failure is
    /// rethrown as itself.
    /// </exception>
    /// <exception cref="ArgumentException">There is nothing to run.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The delay is negative.</exception>
    [OverloadResolutionPriority(1)]
    public static Task<T> StaggeredRaceAsync<T>(
        IEnumerable<Func<CancellationToken, Task<T>>> attempts,
        TimeSpan delay,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        StaggeredRace<T>(ToArray(attempts, nameof(attempts), mayBeEmpty: false), null, delay, null, new Combination(nameof(StaggeredRaceAsync), file, line), cancellationToken);

    /// <inheritdoc cref="StaggeredRaceAsync{T}(IEnumerable{Func{CancellationToken, Task{T}}}, TimeSpan, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(3)]
    public static Task<T> StaggeredRaceAsync<T>(
        IEnumerable<Func<CancellationToken, ValueTask<T>>> attempts,
        TimeSpan delay,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        StaggeredRace<T>(ToArray(attempts, nameof(attempts), mayBeEmpty: false), null, delay, null, new Combination(nameof(StaggeredRaceAsync), file, line), cancellationToken);

    /// <inheritdoc cref="StaggeredRaceAsync{T}(IEnumerable{Func{CancellationToken, Task{T}}}, TimeSpan, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(5)]
    public static Task<T> StaggeredRaceAsync<T>(
        IEnumerable<Func<CancellationToken, Fiber<T>>> attempts,
        TimeSpan delay,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        StaggeredRace<T>(ToArray(attempts, nameof(attempts), mayBeEmpty: false), null, delay, null, new Combination(nameof(StaggeredRaceAsync), file, line), cancellationToken);

    /// <summary>As the public ones, with names for the attempts and a clock for the delay; null: the scope's.</summary>
    internal static Task<T> StaggeredRace<T>(
        Delegate[] attempts,
        string[]? names,
        TimeSpan delay,
        TimeProvider? clock,
        Combination combination,
        CancellationToken cancellationToken)
    {
        if (delay != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        }

        return combination.SuperviseAsync(
            new Attempts<T>(combination, attempts, names, delay, clock).RunAsync, cancellationToken);
    }
}
