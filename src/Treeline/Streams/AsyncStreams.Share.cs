using System.Runtime.CompilerServices;

namespace Treeline;

// One stream for whoever comes.
public static partial class AsyncStreams
{
    /// <summary>
    /// Makes a stream that any number of consumers may read at once, though the source is read only once for all of them. The
    /// first who comes begins the reading, later ones get what comes from then on, and none gets ahead of the slowest by more than
    /// one item. When the last has left, the source is cancelled, and that consumer waits for it; who comes after that, or after the
    /// end of the source, begins anew.
    /// Cancellation: the token of one consumer's reading ends that one. The scope's ends the reading, and all of them.
    /// </summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="source">What to read.</param>
    /// <param name="scope">Owns the reading: it belongs to no single consumer.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream to read. A failure of the source gets to all who are reading.</returns>
    public static IAsyncEnumerable<T> Share<T>(
        this IAsyncEnumerable<T> source, TaskScope scope, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(scope);
        return new Shared<T>(source, scope, new Combination(nameof(Share), file, line));
    }
}
