using System.Runtime.CompilerServices;

namespace Treeline;

// Several streams as one.
public static partial class AsyncStreams
{
    /// <summary>
    /// Reads both at once and gives what comes in the order in which it comes: <see cref="Concurrently.MergeAsync"/> within a
    /// chain. For more than two, or a list, that is the form to use: it treats all alike.
    /// Cancellation: the token, a failure of one stream and the consumer stopping early cancel the reading of both.
    /// </summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="source">One stream.</param>
    /// <param name="other">The other.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of all items. Nothing is read before it is.</returns>
    public static IAsyncEnumerable<T> Merge<T>(
        this IAsyncEnumerable<T> source,
        IAsyncEnumerable<T> other,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(other);
        return Concurrently.Merge([source, other], new Combination(nameof(Merge), file, line), CancellationToken.None);
    }
}
