using System.Runtime.CompilerServices;

namespace Treeline;

// A stream as a channel.
public static partial class AsyncStreams
{
    /// <summary>
    /// Reads the stream in a child of <paramref name="scope"/>, from now on, and gives the receiver of a channel that it fills: for
    /// what a stream cannot do, such as <see cref="MpscReceiver{T}.TryReceive"/>, batches, several who take turns, or
    /// a select. The other way needs nothing: a receiver is a stream.
    /// Cancellation: the scope's ends the reading and completes the channel with <see cref="OperationCanceledException"/>. When
    /// the receiver is disposed, the source is cancelled.
    /// </summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="source">What to read.</param>
    /// <param name="scope">Owns the reading, and does not end before it has.</param>
    /// <param name="capacity">How many items may wait in the channel; at least 1.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>
    /// The receiver. When all has been received it is over, with the failure of the source if that failed. Dispose it if it is not
    /// read to the end, or the scope waits for a place in the channel for ever.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is less than 1.</exception>
    /// <exception cref="InvalidOperationException">The scope has ended.</exception>
    public static MpscReceiver<T> ToChannel<T>(
        this IAsyncEnumerable<T> source,
        TaskScope scope,
        int capacity,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(scope);
        (MpscSender<T> sender, MpscReceiver<T> receiver) = Mpsc.Bounded<T>(capacity, name: nameof(ToChannel));
        new ChannelFilling<T>(source, sender, receiver, scope, new Combination(nameof(ToChannel), file, line)).Start();
        return receiver;
    }
}
