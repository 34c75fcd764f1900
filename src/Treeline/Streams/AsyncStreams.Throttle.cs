using System.Runtime.CompilerServices;

namespace Treeline;

// Items at a limited rate.
public static partial class AsyncStreams
{
    /// <summary>
    /// Gives at most one item per <paramref name="time"/>: the first at once, and then, when the time is over, the newest of
    /// those that have come; the others are dropped. So the consumer is never behind, and gets the last one always: when the
    /// source ends or fails, that is given at once. The source is read at its own pace. To slow a stream down and drop nothing,
    /// make the consumer wait instead.
    /// Cancellation: the token and the consumer stopping early cancel the reading; an item that waits is dropped.
    /// </summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="source">What to read.</param>
    /// <param name="time">How long it is at least from one item to the next, on the clock of the enclosing scope.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>Some of the items, the last among them. Nothing is read before they are.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is not positive.</exception>
    public static IAsyncEnumerable<T> Throttle<T>(
        this IAsyncEnumerable<T> source, TimeSpan time, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        ThrowUnlessPositive(time, nameof(time));
        return Throttle(source, time, new Combination(nameof(Throttle), file, line), CancellationToken.None);
    }

    private static async IAsyncEnumerable<T> Throttle<T>(
        IAsyncEnumerable<T> source,
        TimeSpan time,
        Combination combination,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var ahead = ReadAhead<T>.Open(
            source, static (item, _) => item, new Feed<T>(1, overwrites: true), combination, cancellationToken);
        await using (ahead.ConfigureAwait(SchedulerContext.IsCurrent))
        {
            long? given = null;
            while (await ahead.MoreAsync().ConfigureAwait(SchedulerContext.IsCurrent))
            {
                if (given is { } last && time - ahead.Clock.GetElapsedTime(last) is { Ticks: > 0 } left)
                {
                    await ahead.GatherAsync(int.MaxValue, left).ConfigureAwait(SchedulerContext.IsCurrent);
                    if (ahead.IsCutShort())
                    {
                        break;
                    }
                }

                given = ahead.Clock.GetTimestamp();
                yield return ahead.Feed.Take();
            }

            await ahead.JoinAsync(cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
        }
    }
}
