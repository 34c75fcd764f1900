using System.Runtime.CompilerServices;

namespace Treeline;

// One stream for a number of consumers.
public static partial class AsyncStreams
{
    /// <summary>
    /// Reads the source once and gives each item to each of several consumers. None gets ahead of the slowest by more than
    /// one item, so they must read at the same time; the reading begins when all have begun. A consumer that leaves holds nobody
    /// up; when the last has left, the source is cancelled and that consumer waits for it.
    /// Cancellation: the token of one consumer's reading ends that one. The scope's ends the reading, and all of them.
    /// </summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="source">What to read.</param>
    /// <param name="scope">Owns the reading: it belongs to no single consumer.</param>
    /// <param name="consumers">How many there are; at least 1.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>
    /// A stream for each consumer, with the same items in the same order, and at the end the same failure. Each can be read once.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">There is not even one consumer.</exception>
    public static IAsyncEnumerable<T>[] Broadcast<T>(
        this IAsyncEnumerable<T> source,
        TaskScope scope,
        int consumers,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(scope);
        ArgumentOutOfRangeException.ThrowIfLessThan(consumers, 1);
        var combination = new Combination(nameof(Broadcast), file, line);
        var fan = new Fan<T>(source, scope, consumers, combination);
        return [.. Enumerable.Range(0, consumers).Select(_ => new FanPlace<T>(fan, combination))];
    }
}
