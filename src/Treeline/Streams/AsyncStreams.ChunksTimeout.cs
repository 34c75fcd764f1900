using System.Runtime.CompilerServices;

namespace Treeline;

// Items in groups.
public static partial class AsyncStreams
{
    /// <summary>
    /// Gives the items in groups: as soon as there are <paramref name="size"/> of them, or the first of them has waited for
    /// <paramref name="time"/>. While the consumer is at work on one, the next fills up. No group is empty; the last, and the one
    /// before a failure of the source, may be small.
    /// Cancellation: the token and the consumer stopping early cancel the reading; a group that is not full yet is dropped.
    /// </summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="source">What to read.</param>
    /// <param name="size">How many items a group has at most, at least 1.</param>
    /// <param name="time">How long an item waits for its group to fill, on the clock of the enclosing scope.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The groups. Nothing is read before they are.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size is less than 1, or the time is not positive.</exception>
    public static IAsyncEnumerable<T[]> ChunksTimeout<T>(
        this IAsyncEnumerable<T> source,
        int size,
        TimeSpan time,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        ThrowUnlessPositive(time, nameof(time));
        return ChunksTimeout(source, size, time, new Combination(nameof(ChunksTimeout), file, line), CancellationToken.None);
    }

    private static async IAsyncEnumerable<T[]> ChunksTimeout<T>(
        IAsyncEnumerable<T> source,
        int size,
        TimeSpan time,
        Combination combination,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ReadAhead<Stamped<T>> ahead = OpenStamped(source, new Feed<Stamped<T>>(size), combination, cancellationToken);
        await using (ahead.ConfigureAwait(SchedulerContext.IsCurrent))
        {
            Feed<Stamped<T>> feed = ahead.Feed;
            while (await ahead.MoreAsync().ConfigureAwait(SchedulerContext.IsCurrent))
            {
                TimeSpan left = time - ahead.Clock.GetElapsedTime(feed.Peek().Arrived);
                if (left > TimeSpan.Zero)
                {
                    await ahead.GatherAsync(size, left).ConfigureAwait(SchedulerContext.IsCurrent);
                    if (ahead.IsCutShort())
                    {
                        break;
                    }
                }

                var chunk = new T[feed.Count];
                for (int i = 0; i < chunk.Length; i++)
                {
                    chunk[i] = feed.Take().Item;
                }

                yield return chunk;
            }

            await ahead.JoinAsync(cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
        }
    }

    private static ReadAhead<Stamped<T>> OpenStamped<T>(
        IAsyncEnumerable<T> source, Feed<Stamped<T>> feed, Combination combination, CancellationToken cancellationToken) =>
        ReadAhead<Stamped<T>>.Open(
            source, static (item, clock) => new Stamped<T>(item, clock.GetTimestamp()), feed, combination, cancellationToken);
}
