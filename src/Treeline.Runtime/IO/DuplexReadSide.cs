namespace Treeline.IO;

/// <summary>What somebody waits for who reads from a <see cref="DuplexLane"/>.</summary>
internal sealed class DuplexReadSide(DuplexLane lane, string from) : ISelectable<Nothing>
{
    public override string ToString() => $"read from {from}";

    void ISelectable<Nothing>.Enter(Waiter<Nothing> branch) => lane.EnterReadable(branch);

    void IWaitQueue.Remove(WaiterBase waiter) => lane.RemoveReader(waiter);
}
