using System.Net;
using System.Runtime.CompilerServices;
using Treeline.Drivers.Linux;

namespace Treeline.Drivers.Epoll;

/// <summary>
/// The address of the other end as the system gave it with the connection: an end point is made of it only if somebody asks. A connection that has
/// been reset has forgotten it, and the error is to say who did that.
/// </summary>
internal struct EpollPeer
{
    // Of IPv4 and IPv6; that of a Unix socket is asked for, and is there as long as the socket.
    private const int Capacity = 28;

    private Bytes _address;
    private byte _size;

    /// <summary>Remembers <paramref name="size"/> bytes, if it is an address of the Internet's.</summary>
    public unsafe void Set(byte* address, int size)
    {
        if (size is > sizeof(ushort) and <= Capacity && *(ushort*)address is 2 or 10)
        {
            new ReadOnlySpan<byte>(address, size).CopyTo(_address);
            _size = (byte)size;
        }
    }

    /// <summary>The end point; null: none was set.</summary>
    public unsafe EndPoint? ToEndPoint()
    {
        if (_size == 0)
        {
            return null;
        }

        byte* copy = stackalloc byte[Capacity]; // the field may move
        ((ReadOnlySpan<byte>)_address).CopyTo(new Span<byte>(copy, Capacity));
        return SocketAddresses.Parse(copy, _size);
    }

    [InlineArray(Capacity)]
    private struct Bytes
    {
        private byte _first;
    }
}
