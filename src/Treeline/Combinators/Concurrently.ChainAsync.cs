using System.Runtime.CompilerServices;

namespace Treeline;

// Streams one after another.
public static partial class Concurrently
{
    /// <summary>
    /// Reads the streams one after another: each is opened when the one before has ended and been disposed. Nothing runs at
    /// the same time, so it needs no scope.
    /// Cancellation: the token goes to each stream, and is looked at between them.
    /// </summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="streams">What to read, none of it null.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <returns>The stream of all items. Nothing is read before it is.</returns>
    public static IAsyncEnumerable<T> ChainAsync<T>(
        IEnumerable<IAsyncEnumerable<T>> streams, CancellationToken cancellationToken = default) =>
        Chain(ToArray(streams), cancellationToken);

    private static async IAsyncEnumerable<T> Chain<T>(
        IAsyncEnumerable<T>[] streams, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (IAsyncEnumerable<T> stream in streams)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await foreach (T item in stream.WithCancellation(cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent))
            {
                yield return item;
            }
        }
    }
}
