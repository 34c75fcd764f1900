namespace Treeline.Drivers.Uring;

/// <summary>What somebody waits for who waits to write to a <see cref="UringStreamSocket"/>; the socket itself is what readers wait for.</summary>
internal sealed class UringWriteQueue(UringStreamSocket socket) : IWaitQueue
{
    public override string ToString() => $"write to {socket.Peer}";

    void IWaitQueue.Remove(WaiterBase waiter) => socket.RemoveWriter(waiter);
}
