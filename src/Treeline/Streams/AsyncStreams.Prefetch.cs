using System.Runtime.CompilerServices;

namespace Treeline;

// Reading ahead.
public static partial class AsyncStreams
{
    /// <summary>
    /// Reads the source ahead while the consumer is at work: up to <paramref name="count"/> items wait for it. So the time that
    /// both take is that of the slower, and no longer their sum.
    /// Cancellation: the token and the consumer stopping early cancel the reading; items read ahead are dropped.
    /// </summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="source">What to read.</param>
    /// <param name="count">How many items may wait, at least 1. The source is at work on one more.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The same items, in the same order. Nothing is read before it is.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The count is less than 1.</exception>
    public static IAsyncEnumerable<T> Prefetch<T>(
        this IAsyncEnumerable<T> source, int count, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return Prefetch(source, count, new Combination(nameof(Prefetch), file, line), CancellationToken.None);
    }

    private static async IAsyncEnumerable<T> Prefetch<T>(
        IAsyncEnumerable<T> source,
        int count,
        Combination combination,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var ahead = ReadAhead<T>.Open(source, static (item, _) => item, new Feed<T>(count), combination, cancellationToken);
        await using (ahead.ConfigureAwait(SchedulerContext.IsCurrent))
        {
            while (await ahead.MoreAsync().ConfigureAwait(SchedulerContext.IsCurrent))
            {
                yield return ahead.Feed.Take();
            }

            await ahead.JoinAsync(cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
        }
    }
}
