using System.Runtime.CompilerServices;

namespace Treeline;

// An item, once there is quiet.
public static partial class AsyncStreams
{
    /// <summary>
    /// Gives an item when nothing newer has come for <paramref name="time"/>; items that are followed by another sooner are
    /// dropped. The source is read at its own pace, and of what comes while the consumer is at work only the newest is kept. The
    /// last item, and the last before a failure of the source, is given at once.
    /// Cancellation: the token and the consumer stopping early cancel the reading; an item that waits is dropped.
    /// </summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="source">What to read.</param>
    /// <param name="time">How long it must have been quiet, on the clock of the enclosing scope.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The items that were followed by quiet. Nothing is read before they are.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is not positive.</exception>
    public static IAsyncEnumerable<T> Debounce<T>(
        this IAsyncEnumerable<T> source, TimeSpan time, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        ThrowUnlessPositive(time, nameof(time));
        return Debounce(source, time, new Combination(nameof(Debounce), file, line), CancellationToken.None);
    }

    private static async IAsyncEnumerable<T> Debounce<T>(
        IAsyncEnumerable<T> source,
        TimeSpan time,
        Combination combination,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ReadAhead<Stamped<T>> ahead =
            OpenStamped(source, new Feed<Stamped<T>>(1, overwrites: true), combination, cancellationToken);
        await using (ahead.ConfigureAwait(SchedulerContext.IsCurrent))
        {
            Feed<Stamped<T>> feed = ahead.Feed;
            while (await ahead.MoreAsync().ConfigureAwait(SchedulerContext.IsCurrent))
            {
                Stamped<T> newest;
                do
                {
                    // Newer ones need not wake us: we look for them when this one's time is over.
                    newest = feed.Take();
                    TimeSpan left = time - ahead.Clock.GetElapsedTime(newest.Arrived);
                    if (left > TimeSpan.Zero)
                    {
                        await ahead.GatherAsync(int.MaxValue, left).ConfigureAwait(SchedulerContext.IsCurrent);
                    }
                }
                while (feed.Count > 0);

                if (ahead.IsCutShort())
                {
                    break;
                }

                yield return newest.Item;
            }

            await ahead.JoinAsync(cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
        }
    }
}
