using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Treeline.Net;

/// <summary>Sends and receives datagrams by UDP: each arrives whole, or not at all; in any order, perhaps twice.</summary>
/// <remarks>One task receives at a time; any number may send.</remarks>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class UdpSocket : IDisposable
{
    private readonly DatagramSocket _socket;
    private IPEndPoint? _remote;

    private UdpSocket(DatagramSocket socket) => _socket = socket;

    /// <summary>Where it receives, with the port that the system chose if none was asked for.</summary>
    public IPEndPoint LocalEndPoint => _socket.LocalEndPoint;

    /// <summary>The other end that <see cref="Connect"/> fixed; null: none.</summary>
    public IPEndPoint? RemoteEndPoint => _remote;

    private bool IsVersion6 => LocalEndPoint.AddressFamily == AddressFamily.InterNetworkV6;

    private SocketOptionLevel Level => IsVersion6 ? SocketOptionLevel.IPv6 : SocketOptionLevel.IP;

    /// <summary>Makes a socket that receives.</summary>
    /// <param name="address">As for <see cref="TcpListener.Bind(string, TcpListenOptions?)"/>: <c>127.0.0.1:8080</c>, <c>*:0</c>.</param>
    /// <param name="reusePort">Several sockets share the port (<c>SO_REUSEPORT</c>), and the system spreads datagrams over them by sender. Not on Windows.</param>
    /// <returns>The socket; dispose it to close it.</returns>
    /// <exception cref="FormatException">It is no address with a port.</exception>
    /// <exception cref="SocketException">The port is taken, or not allowed.</exception>
    public static UdpSocket Bind(string address, bool reusePort = false) => Bind(Address.Parse(address), reusePort);

    /// <inheritdoc cref="Bind(string, bool)"/>
    /// <param name="endPoint">Where to receive. Port 0: any that is free.</param>
    /// <param name="reusePort">Several sockets share the port (<c>SO_REUSEPORT</c>), and the system spreads datagrams over them by sender. Not on Windows.</param>
    public static UdpSocket Bind(IPEndPoint endPoint, bool reusePort = false)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        return new UdpSocket(Network.OfCaller.Bind(endPoint, reusePort));
    }

    /// <summary>
    /// Fixes the other end: only its datagrams are received from here on, and <see cref="SendAsync"/> needs no destination. Nothing is
    /// sent. When nobody receives there, and the system hears of it, the next operation fails with
    /// <see cref="SocketError.ConnectionRefused"/>.
    /// </summary>
    /// <param name="remote">The other end.</param>
    /// <exception cref="SocketException">There is no way there.</exception>
    public void Connect(IPEndPoint remote)
    {
        ArgumentNullException.ThrowIfNull(remote);
        _socket.Connect(remote);
        _remote = remote;
    }

    /// <summary>Sends one datagram to the other end that <see cref="Connect"/> fixed. Cancellation: a cancelled one was not sent.</summary>
    /// <param name="datagram">Its bytes; its memory is read until the returned task has completed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many bytes: all.</returns>
    /// <exception cref="InvalidOperationException">No other end is fixed.</exception>
    /// <exception cref="SocketException">It is longer than the system sends, or there is no way there.</exception>
    /// <exception cref="ObjectDisposedException">The socket was disposed before or meanwhile.</exception>
    public ValueTask<int> SendAsync(ReadOnlyMemory<byte> datagram, CancellationToken cancellationToken = default) => _remote is null
        ? throw new InvalidOperationException("Where to? Fix the other end with Connect first, or use SendToAsync.")
        : _socket.SendAsync(datagram, null, cancellationToken);

    /// <summary>Sends one datagram. Cancellation: a cancelled one was not sent.</summary>
    /// <param name="datagram">Its bytes; its memory is read until the returned task has completed.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many bytes: all.</returns>
    /// <exception cref="SocketException">It is longer than the system sends, or there is no way there.</exception>
    /// <exception cref="ObjectDisposedException">The socket was disposed before or meanwhile.</exception>
    public ValueTask<int> SendToAsync(
        ReadOnlyMemory<byte> datagram, IPEndPoint destination, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        return _socket.SendAsync(datagram, destination, cancellationToken);
    }

    /// <summary>
    /// Receives the next datagram, and who sent it. What does not fit into the buffer is cut off.
    /// Cancellation: a cancelled receive took none.
    /// </summary>
    /// <param name="buffer">Where to. Its memory is written until the returned task has completed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many bytes, and from where (an <see cref="IPEndPoint"/>).</returns>
    /// <exception cref="InvalidOperationException">Another receive is in flight.</exception>
    /// <exception cref="ObjectDisposedException">The socket was disposed before or meanwhile.</exception>
    public ValueTask<SocketReceiveFromResult> ReceiveFromAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _socket.ReceiveFromAsync(buffer, cancellationToken);

    /// <summary>Receives a datagram that is there. What does not fit into the buffer is cut off.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="received">How many bytes.</param>
    /// <param name="from">Who sent it.</param>
    /// <returns>False if none is there.</returns>
    /// <exception cref="ObjectDisposedException">The socket was disposed.</exception>
    public bool TryReceiveFrom(Span<byte> buffer, out int received, out IPEndPoint? from) =>
        _socket.TryReceiveFrom(buffer, out received, out from);

    /// <summary>
    /// That a datagram is there, as one of several things to wait for; take it with <see cref="TryReceiveFrom"/>, which now and then
    /// finds none all the same: then wait again.
    /// </summary>
    /// <returns>The case.</returns>
    public SelectCase ReceiveCase() => _socket.ReceivableCase();

    /// <summary>Allows, or forbids again, sending to broadcast addresses (<c>SO_BROADCAST</c>).</summary>
    /// <param name="allowed">Forbidden if not set.</param>
    public void AllowBroadcast(bool allowed = true) =>
        _socket.SetOption(SocketOptionLevel.Socket, SocketOptionName.Broadcast, allowed ? 1 : 0);

    /// <summary>Sets how many routers a datagram may pass.</summary>
    /// <param name="hops">1 to 255.</param>
    /// <param name="multicast">Of datagrams to a group, which otherwise pass none (1); else of all others.</param>
    public void SetTimeToLive(int hops, bool multicast = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(hops, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(hops, byte.MaxValue);
        _socket.SetOption(Level, multicast ? SocketOptionName.MulticastTimeToLive : SocketOptionName.IpTimeToLive, hops);
    }

    /// <summary>Says whether what is sent to a group comes back to the members on this machine.</summary>
    /// <param name="comesBack">It does if not set.</param>
    public void SetMulticastLoopback(bool comesBack) =>
        _socket.SetOption(Level, SocketOptionName.MulticastLoopback, comesBack ? 1 : 0);

    /// <summary>Receives, from here on, what is sent to a group.</summary>
    /// <param name="group">The address of the group, of the family of the socket.</param>
    /// <param name="local">IPv4: the address of the interface to listen at. Null: the system chooses.</param>
    /// <exception cref="ArgumentException">The address is of another family, or none of a group.</exception>
    /// <exception cref="SocketException">There is no such interface, or it can do no multicast.</exception>
    public void JoinGroup(IPAddress group, IPAddress? local = null) => Change(SocketOptionName.AddMembership, group, local);

    /// <summary>Does not receive any more what is sent to a group.</summary>
    /// <param name="group">As given to <see cref="JoinGroup"/>.</param>
    /// <param name="local">As given to <see cref="JoinGroup"/>.</param>
    /// <exception cref="SocketException">The socket is no member.</exception>
    public void LeaveGroup(IPAddress group, IPAddress? local = null) => Change(SocketOptionName.DropMembership, group, local);

    /// <summary>Closes it. A receive in flight ends with <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose() => _socket.Dispose();

    /// <summary>What it is.</summary>
    public override string ToString() => _remote is null ? $"UDP on {LocalEndPoint}" : $"UDP {LocalEndPoint} → {_remote}";

    /// <summary>The option's value is an <c>ip_mreq</c> or an <c>ipv6_mreq</c>: ip(7), ipv6(7), RFC 3493 section 5.2.</summary>
    private void Change(SocketOptionName membership, IPAddress group, IPAddress? local)
    {
        ArgumentNullException.ThrowIfNull(group);
        bool isGroup = group.IsIPv6Multicast || (group.AddressFamily == AddressFamily.InterNetwork && group.GetAddressBytes()[0] is >= 224 and < 240);
        if (!isGroup || group.AddressFamily != LocalEndPoint.AddressFamily)
        {
            throw new ArgumentException($"{group} is no address of a group that a socket on {LocalEndPoint} could join.", nameof(group));
        }

        Span<byte> request = stackalloc byte[IsVersion6 ? 20 : 8];
        request.Clear();
        group.TryWriteBytes(request, out int length);
        if (IsVersion6)
        {
            BitConverter.TryWriteBytes(request[length..], checked((int)group.ScopeId)); // the interface's number
        }
        else
        {
            (local ?? IPAddress.Any).TryWriteBytes(request[length..], out _);
        }

        _socket.SetOption(Level, membership, request);
    }
}
