namespace Treeline;

/// <summary>What a bounded channel does with an item that comes when it is full.</summary>
public enum FullMode
{
    /// <summary>The sender waits for a place: backpressure. Nothing is lost, and the pace is the receiver's.</summary>
    Wait,

    /// <summary>The item that comes is dropped, and goes to <c>onUndelivered</c>. What is in the channel stays.</summary>
    DropNewest,

    /// <summary>The item that has been in the channel longest is dropped, and goes to <c>onUndelivered</c>.</summary>
    DropOldest,

    /// <summary>Sending fails with <see cref="ChannelFullException"/>: the sender decides.</summary>
    Fail,
}
