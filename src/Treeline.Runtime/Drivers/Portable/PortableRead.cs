using System.Net.Sockets;

namespace Treeline.Drivers;

/// <summary>The wait for bytes of a connection.</summary>
internal sealed class PortableRead(PortableStreamSocket owner, Socket socket, Executor executor) : PortableWait<int>(executor)
{
    public override string Doing => $"reading from {owner.Peer}";

    public override string ToString() => $"read from {owner.Peer}";

    private protected override SocketError TryTake(Span<byte> buffer, SocketFlags flags, out int value)
    {
        value = 0;
        if (buffer.IsEmpty)
        {
            return SocketError.Success;
        }

        try
        {
            value = socket.Receive(buffer, flags, out SocketError error);
            return error;
        }
        catch (ObjectDisposedException)
        {
            return SocketError.OperationAborted;
        }
    }

    private protected override bool IsThere() => socket.IsThere(SelectMode.SelectRead);

    // With room for no byte .NET's receive waits until there are some, and takes none.
    private protected override bool Ring() => socket.ReceiveAsync(this);
}
