namespace Treeline;

/// <summary>
/// Makes channels: many senders, one receiving end. What is sent is received once, in the order in which it was sent.
/// </summary>
/// <remarks>
/// Which channel for what: one value once, <c>Oneshot</c>; every receiver sees everything, <c>Broadcast</c>; only the
/// latest value counts, <c>Watch</c>.
/// </remarks>
public static class Mpsc
{
    /// <summary>Makes a channel that holds at most <paramref name="capacity"/> items.</summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="capacity">How many items there may be between sending and receiving; at least 1.</param>
    /// <param name="whenFull">What happens to an item that comes when there are as many.</param>
    /// <param name="onUndelivered">
    /// Gets each item that the channel took and nobody is going to receive: what <paramref name="whenFull"/> drops, and what is
    /// left when the receiver is disposed. Called by whoever dropped it; what it throws comes out of that call, whose work is
    /// done by then.
    /// </param>
    /// <param name="name">How the channel is called in the tree and in errors.</param>
    /// <returns>The two ends.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is less than 1, or the mode is none.</exception>
    public static (MpscSender<T> Sender, MpscReceiver<T> Receiver) Bounded<T>(
        int capacity, FullMode whenFull = FullMode.Wait, Action<T>? onUndelivered = null, string? name = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        if (!Enum.IsDefined(whenFull))
        {
            throw new ArgumentOutOfRangeException(nameof(whenFull), whenFull, "There is no such mode.");
        }

        return Ends(new MpscChannel<T>(capacity, whenFull, onUndelivered, name));
    }

    /// <summary>
    /// Makes a channel that takes everything at once. When senders are faster than the receiver it grows until the memory is
    /// full: prefer a bounded one wherever the senders can wait.
    /// </summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="onUndelivered">Gets each item that is left when the receiver is disposed.</param>
    /// <param name="name">How the channel is called in the tree and in errors.</param>
    /// <returns>The two ends.</returns>
    public static (MpscSender<T> Sender, MpscReceiver<T> Receiver) Unbounded<T>(
        Action<T>? onUndelivered = null, string? name = null) =>
        Ends(new MpscChannel<T>(MpscChannel<T>.Unbounded, FullMode.Wait, onUndelivered, name));

    private static (MpscSender<T> Sender, MpscReceiver<T> Receiver) Ends<T>(MpscChannel<T> channel) =>
        (new MpscSender<T>(channel), new MpscReceiver<T>(channel));
}
