namespace Treeline;

/// <summary>
/// Makes channels in which every receiver sees every item. The sender never waits: who is more than the capacity behind loses
/// the oldest items, and is told how many (<see cref="LaggedException"/>).
/// </summary>
public static class Broadcast
{
    /// <summary>Makes one. Receivers come by <see cref="BroadcastSender{T}.Subscribe"/>.</summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="capacity">How many of the last items are kept for receivers that have not received them; at least 1.</param>
    /// <param name="name">How it is called in the tree and in errors.</param>
    /// <returns>The sending end.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is less than 1.</exception>
    public static BroadcastSender<T> Create<T>(int capacity, string? name = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        return new BroadcastSender<T>(new FanOut<T>(capacity, skipsQuietly: false, "broadcast", name));
    }
}
