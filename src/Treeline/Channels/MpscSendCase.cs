namespace Treeline;

/// <summary>Sending one item, as one of the things a select waits for.</summary>
internal sealed class MpscSendCase<T>(MpscSender<T> sender, MpscChannel<T> channel, T item) : ISelectable<Nothing>
{
    public T Item { get; } = item;

    /// <summary>When it came into the line. The gate of the channel.</summary>
    public long Number { get; set; }

    public override string ToString() => sender.ToString();

    void ISelectable<Nothing>.Enter(Waiter<Nothing> branch) => channel.EnterSend(this, branch);

    void IWaitQueue.Remove(WaiterBase waiter) => channel.RemoveFromLine(waiter);
}
