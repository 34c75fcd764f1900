using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Treeline.Drivers;

/// <summary>Addresses of sockets as Linux writes them (<c>struct sockaddr_in</c> and its like).</summary>
internal static unsafe class SocketAddresses
{
    /// <summary>Longer than any of them (<c>struct sockaddr_storage</c>).</summary>
    public const int MaxSize = 128;

    /// <summary>This end of a socket; null for a Unix socket without a name.</summary>
    public static EndPoint? Local(int descriptor)
    {
        byte* address = stackalloc byte[MaxSize];
        int length = MaxSize;
        return UringCalls.GetSocketName(descriptor, address, &length) == 0 ? Read(new ReadOnlySpan<byte>(address, length)) : null;
    }

    /// <summary>The other end of a socket; null if it is not connected any more, or is a Unix socket without a name.</summary>
    public static EndPoint? Remote(int descriptor)
    {
        byte* address = stackalloc byte[MaxSize];
        int length = MaxSize;
        return UringCalls.GetPeerName(descriptor, address, &length) == 0 ? Read(new ReadOnlySpan<byte>(address, length)) : null;
    }

    /// <summary>The family that the sockets of <paramref name="endPoint"/> are of.</summary>
    /// <exception cref="ArgumentException">It is of a kind that cannot be used here.</exception>
    public static int Family(EndPoint endPoint) => endPoint switch
    {
        IPEndPoint { AddressFamily: AddressFamily.InterNetwork } => UringCalls.Inet,
        IPEndPoint => UringCalls.Inet6,
        UnixDomainSocketEndPoint => UringCalls.Unix,
        _ => throw new ArgumentException(
            $"A {endPoint.GetType().Name} cannot be used here; give an IPEndPoint or a UnixDomainSocketEndPoint, and resolve host names first.",
            nameof(endPoint)),
    };

    /// <summary>The bytes that the system calls take. .NET writes them as the system does.</summary>
    public static ReadOnlySpan<byte> Write(EndPoint endPoint)
    {
        SocketAddress address = endPoint.Serialize();
        return address.Buffer.Span[..address.Size];
    }

    public static EndPoint? Read(ReadOnlySpan<byte> address)
    {
        if (address.Length < 2)
        {
            return null;
        }

        switch (MemoryMarshal.Read<ushort>(address))
        {
            case UringCalls.Inet:
                return new IPEndPoint(new IPAddress(address.Slice(4, 4)), BinaryPrimitives.ReadUInt16BigEndian(address[2..]));

            case UringCalls.Inet6:
                return new IPEndPoint(
                    new IPAddress(address.Slice(8, 16), MemoryMarshal.Read<uint>(address[24..])),
                    BinaryPrimitives.ReadUInt16BigEndian(address[2..]));

            default:
                // A path ends with a zero; a name of the abstract kind begins with one.
                ReadOnlySpan<byte> path = address[2..];
                if (!path.IsEmpty && path[0] != 0 && path.IndexOf((byte)0) is >= 0 and int end)
                {
                    path = path[..end];
                }

                return path.IsEmpty ? null : new UnixDomainSocketEndPoint(Encoding.UTF8.GetString(path));
        }
    }
}
