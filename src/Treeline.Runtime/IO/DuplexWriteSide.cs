namespace Treeline.IO;

/// <summary>What somebody waits for who writes to a <see cref="DuplexLane"/>.</summary>
internal sealed class DuplexWriteSide(DuplexLane lane, string to) : IWaitQueue
{
    public override string ToString() => $"write to {to}";

    void IWaitQueue.Remove(WaiterBase waiter) => lane.RemoveWriter(waiter);
}
