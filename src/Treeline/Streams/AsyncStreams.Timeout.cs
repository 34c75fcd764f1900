using System.Runtime.CompilerServices;

namespace Treeline;

// A limit to the wait for each item.
public static partial class AsyncStreams
{
    /// <summary>
    /// Limits how long the source may take for each item, the first and the end included. The time runs while the consumer
    /// waits for an item, not while it is at work on one. When it is over the source is cancelled, and
    /// <see cref="TimeoutException"/> surfaces once it has unwound. An item that comes all the same is given first.
    /// Cancellation: the token and the consumer stopping early cancel the source and wait for it.
    /// </summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="source">What to read.</param>
    /// <param name="time">How long one item may take, on the clock of the enclosing scope.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The same items. Nothing is read before it is.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is not positive.</exception>
    public static IAsyncEnumerable<T> Timeout<T>(
        this IAsyncEnumerable<T> source, TimeSpan time, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        ThrowUnlessPositive(time, nameof(time));
        return Timeout(source, time, new Combination(nameof(Timeout), file, line), CancellationToken.None);
    }

    private static async IAsyncEnumerable<T> Timeout<T>(
        IAsyncEnumerable<T> source,
        TimeSpan time,
        Combination combination,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var items = new Interruptible<T>(source, combination, cancellationToken);
        await using (items.ConfigureAwait(SchedulerContext.IsCurrent))
        {
            while (true)
            {
                if (items.IsInterrupted)
                {
                    throw Late(time, null);
                }

                ValueTask<bool> next = items.MoveNextAsync();
                if (!next.IsCompleted)
                {
                    items.Scope.SetDeadline(null, time);
                }

                bool more;
                try
                {
                    more = await next.ConfigureAwait(SchedulerContext.IsCurrent);
                }
                catch (Exception e) when (items.IsInterrupted)
                {
                    throw Late(time, e);
                }
                catch (Exception e) when (items.IsOfConsumer(e))
                {
                    throw items.OfConsumer(e);
                }

                items.Scope.SetDeadline(null, null);
                if (!more)
                {
                    break;
                }

                yield return items.Current;
            }
        }
    }

    // Its cancellation is what was asked for. If it failed in unwinding, that is not to be lost.
    private static TimeoutException Late(TimeSpan time, Exception? error) =>
        new($"The stream gave no item for {time} and was cancelled.", error is OperationCanceledException ? null : error);
}
