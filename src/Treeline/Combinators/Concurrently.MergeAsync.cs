using System.Runtime.CompilerServices;

namespace Treeline;

// Streams in the order of arrival.
public static partial class Concurrently
{
    /// <summary>
    /// Reads the streams at once and gives what comes in the order in which it comes. Of each stream at most one item waits
    /// to be read; so none can fill the memory or keep the others out. It ends when all have ended.
    /// Cancellation: the token, a failure of one stream and the consumer stopping early cancel the reading of all. The stream
    /// ends when all of them have been disposed; a failure surfaces then, after what had come before it.
    /// </summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="streams">What to read, none of it null.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of all items. Nothing is read before it is.</returns>
    public static IAsyncEnumerable<T> MergeAsync<T>(
        IEnumerable<IAsyncEnumerable<T>> streams,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Merge(ToArray(streams), new Combination(nameof(MergeAsync), file, line), cancellationToken);

    internal static async IAsyncEnumerable<T> Merge<T>(
        IAsyncEnumerable<T>[] streams, Combination combination, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        TaskScope scope = combination.Open(cancellationToken);
        await using (scope.ConfigureAwait(SchedulerContext.IsCurrent))
        {
            var arrivals = new Arrivals<Lane?>("the next item of any stream");
            Lane<T>[] lanes = Array.ConvertAll(streams, stream => new Lane<T>(stream, arrivals));
            Lane.StartAll(lanes, scope, combination);
            foreach (Lane<T> lane in lanes)
            {
                lane.TakeNext();
            }

            for (int open = lanes.Length; open > 0;)
            {
                Lane? lane;
                while (!arrivals.TryTake(out lane))
                {
                    await arrivals.WaitAsync().ConfigureAwait(SchedulerContext.IsCurrent);
                }

                if (lane is Lane<T> some)
                {
                    T item = some.Current;
                    some.TakeNext();
                    yield return item;
                }
                else
                {
                    open--;
                }
            }

            await scope.JoinAsync().ConfigureAwait(SchedulerContext.IsCurrent);
        }
    }

    private static IAsyncEnumerable<T>[] ToArray<T>(IEnumerable<IAsyncEnumerable<T>> streams)
    {
        ArgumentNullException.ThrowIfNull(streams);
        IAsyncEnumerable<T>[] all = [.. streams];
        return Array.IndexOf(all, null) is >= 0 and var missing
            ? throw new ArgumentException($"Number {missing + 1} of {all.Length} streams is null.", nameof(streams))
            : all;
    }
}
