using System.Net;
using System.Net.Sockets;

namespace Treeline.Drivers.Linux;

/// <summary>
/// End points as the kernel has them. .NET's <see cref="SocketAddress"/> has the system's own layout, so it does the work.
/// </summary>
internal static unsafe class SocketAddresses
{
    /// <summary>Enough for any: <c>sizeof(struct sockaddr_storage)</c>.</summary>
    public const int Capacity = 128;

    /// <summary>Linux's <c>AF_…</c> of an end point.</summary>
    public static int FamilyOf(EndPoint endPoint) => endPoint.AddressFamily switch
    {
        AddressFamily.InterNetwork => 2,
        AddressFamily.InterNetworkV6 => 10,
        AddressFamily.Unix => 1,
        _ => throw new ArgumentException(
            $"'{endPoint}' is no address of a socket here: give an IPEndPoint or a UnixDomainSocketEndPoint. Host names are resolved by "
            + "TcpStream.ConnectAsync(host, port).",
            nameof(endPoint)),
    };

    /// <summary>The end point in <paramref name="address"/>; null: none (a Unix socket without a name).</summary>
    public static EndPoint? Parse(byte* address, int size)
    {
        if (size <= sizeof(ushort))
        {
            return null;
        }

        int family = *(ushort*)address;
        (AddressFamily Family, EndPoint Any) kind = family switch
        {
            2 => (AddressFamily.InterNetwork, new IPEndPoint(IPAddress.Any, 0)),
            10 => (AddressFamily.InterNetworkV6, new IPEndPoint(IPAddress.IPv6Any, 0)),
            1 => (AddressFamily.Unix, new UnixDomainSocketEndPoint("/")),
            _ => throw new NotSupportedException($"The kernel gave an address of the family {family}."),
        };
        var copy = new SocketAddress(kind.Family, size);
        new ReadOnlySpan<byte>(address, size).CopyTo(copy.Buffer.Span);
        copy.Size = size;
        return kind.Any.Create(copy);
    }

    /// <summary>This end of a socket, or the other one; null: it has no name, or is not connected.</summary>
    public static EndPoint? Of(int socket, bool remote)
    {
        byte* address = stackalloc byte[Capacity];
        int size = Capacity;
        return (remote ? Libc.GetRemoteName(socket, address, &size) : Libc.GetLocalName(socket, address, &size)) == 0
            ? Parse(address, Math.Min(size, Capacity))
            : null;
    }
}
