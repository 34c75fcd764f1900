using System.Net;
using System.Net.Sockets;
using Treeline.Drivers.Linux;

namespace Treeline.Drivers.Epoll;

/// <summary>Receiving datagrams.</summary>
internal sealed class EpollReceiving(EpollSocket socket) : EpollOperation<SocketReceiveFromResult>(socket, ready: false)
{
    private Memory<byte> _buffer;

    // The caller's own memory, for an attempt that does not wait: set and forgotten while that has it pinned.
    private unsafe byte* _direct;
    private int _directLength;

    public ValueTask<SocketReceiveFromResult> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<SocketReceiveFromResult>(cancellationToken);
        }

        Enter();
        _buffer = buffer;
        return Start(cancellationToken);
    }

    public unsafe bool TryReceive(Span<byte> buffer, out SocketReceiveFromResult received)
    {
        Enter();
        fixed (byte* start = buffer)
        {
            byte none;
            _direct = start is null ? &none : start;
            _directLength = buffer.Length;
            return TryNow(out received);
        }
    }

    public override string ToString() => $"receive on {Socket.LocalEndPoint}";

    protected override unsafe Errno Attempt(out SocketReceiveFromResult result, out bool more)
    {
        byte* address = stackalloc byte[SocketAddresses.Capacity];
        int addressSize = SocketAddresses.Capacity;
        nint received;
        if (_direct is not null)
        {
            received = Libc.ReceiveFrom(Socket.Descriptor, _direct, _directLength, 0, address, &addressSize);
        }
        else
        {
            fixed (byte* start = _buffer.Span)
            {
                received = Libc.ReceiveFrom(Socket.Descriptor, start, _buffer.Length, 0, address, &addressSize);
            }
        }

        more = true; // only a call that finds none says that there are no others
        result = default;
        if (received < 0)
        {
            return Libc.LastError;
        }

        result = new SocketReceiveFromResult
        {
            ReceivedBytes = (int)received,
            RemoteEndPoint = SocketAddresses.Parse(address, addressSize) ?? new IPEndPoint(IPAddress.Any, 0),
        };
        return Errno.None;
    }

    protected override unsafe void Forget()
    {
        _buffer = default;
        _direct = null;
    }
}
