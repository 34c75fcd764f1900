using System.Net;
using System.Net.Sockets;

namespace Treeline.Drivers;

/// <summary>The wait for datagrams.</summary>
internal sealed class PortableReceive(Socket socket, IPEndPoint local, Executor executor)
    : PortableWait<SocketReceiveFromResult>(executor)
{
    // Of one receive at a time, so that one from the same sender as the last allocates nothing.
    private readonly SocketAddress _from = new(socket.AddressFamily);
    private readonly SocketAddress _lastFrom = new(socket.AddressFamily);
    private IPEndPoint? _last;

    public override string Doing => $"receiving on {local}";

    public override string ToString() => $"receive on {local}";

    private protected override SocketError TryTake(Span<byte> buffer, SocketFlags flags, out SocketReceiveFromResult value)
    {
        value = default;
        try
        {
            // Asked first: that nothing is there would be an exception.
            if (!socket.IsThere(SelectMode.SelectRead))
            {
                return SocketError.WouldBlock;
            }

            _from.Size = SocketAddress.GetMaximumAddressSize(socket.AddressFamily);
            value.ReceivedBytes = socket.ReceiveFrom(buffer, flags, _from);
        }
        catch (ObjectDisposedException)
        {
            return SocketError.OperationAborted;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.MessageSize)
        {
            // Windows calls it an error that it cut the datagram off.
            value.ReceivedBytes = buffer.Length;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode;
        }

        value.RemoteEndPoint = EndPointOf(_from);
        return SocketError.Success;
    }

    private protected override bool IsThere() => socket.IsThere(SelectMode.SelectRead);

    // A look that takes nothing: that a datagram is longer than no byte is not of interest.
    private protected override bool Ring()
    {
        SocketFlags = SocketFlags.Peek;
        return socket.ReceiveAsync(this);
    }

    private IPEndPoint EndPointOf(SocketAddress from)
    {
        if (_last is null || !from.Equals(_lastFrom))
        {
            _last = (IPEndPoint)local.Create(from);
            from.Buffer.CopyTo(_lastFrom.Buffer);
            _lastFrom.Size = from.Size;
        }

        return _last;
    }
}
