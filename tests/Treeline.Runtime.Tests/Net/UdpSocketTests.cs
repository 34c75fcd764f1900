using System.Net;
using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.Tests.Net;

public sealed class UdpSocketTests : TreeTest
{
    private readonly byte[] _buffer = new byte[100];

    [Fact]
    public Task A_datagram_comes_with_its_sender() => InTime(async () =>
    {
        using UdpSocket one = UdpSocket.Bind("127.0.0.1:0");
        using UdpSocket other = UdpSocket.Bind("127.0.0.1:0");
        Assert.Equal($"UDP on {one.LocalEndPoint}", one.ToString());
        ValueTask<SocketReceiveFromResult> receiving = one.ReceiveFromAsync(_buffer);
        Assert.Equal(5, await other.SendToAsync("hello"u8.ToArray(), one.LocalEndPoint));
        SocketReceiveFromResult result = await receiving;
        Assert.Equal("hello"u8, _buffer.AsSpan(0, result.ReceivedBytes));
        Assert.Equal(other.LocalEndPoint, result.RemoteEndPoint);
    });

    [Fact]
    public Task Where_to_is_asked_for_unless_the_other_end_is_fixed() => InTime(async () =>
    {
        using UdpSocket one = UdpSocket.Bind("127.0.0.1:0");
        using UdpSocket other = UdpSocket.Bind("127.0.0.1:0");
        InvalidOperationException e = await Assert.ThrowsAsync<InvalidOperationException>(
            async () => await one.SendAsync(_buffer));
        Assert.Contains("Connect", e.Message, StringComparison.Ordinal);
        Assert.Null(one.RemoteEndPoint);
        one.Connect(other.LocalEndPoint);
        Assert.Equal(other.LocalEndPoint, one.RemoteEndPoint);
        Assert.Equal($"UDP {one.LocalEndPoint} → {other.LocalEndPoint}", one.ToString());
        await one.SendAsync("hello"u8.ToArray());
        Assert.Equal(one.LocalEndPoint, (await other.ReceiveFromAsync(_buffer)).RemoteEndPoint);
    });

    [Fact]
    public Task A_datagram_or_something_else() => InTime(async () =>
    {
        using UdpSocket one = UdpSocket.Bind("127.0.0.1:0");
        using UdpSocket other = UdpSocket.Bind("127.0.0.1:0");
        Assert.False(one.TryReceiveFrom(_buffer, out _, out _));
        ValueTask<int> waiting = new Select<int>().On(one.ReceiveCase(), static () => 1).WaitAsync();
        await other.SendToAsync("hello"u8.ToArray(), one.LocalEndPoint);
        Assert.Equal(1, await waiting);
        int received;
        IPEndPoint? from;
        while (!one.TryReceiveFrom(_buffer, out received, out from))
        {
            await new Select<int>().On(one.ReceiveCase(), static () => 1).WaitAsync();
        }

        Assert.Equal(5, received);
        Assert.Equal(other.LocalEndPoint, from);
    });

    [Fact]
    public Task Broadcasts_are_to_be_allowed_first() => InTime(async () =>
    {
        using UdpSocket socket = UdpSocket.Bind("127.0.0.1:0");
        var everybody = new IPEndPoint(IPAddress.Parse("127.255.255.255"), socket.LocalEndPoint.Port);
        SocketException e = await Assert.ThrowsAsync<SocketException>(async () => await socket.SendToAsync(_buffer, everybody));
        Assert.Equal(SocketError.AccessDenied, e.SocketErrorCode);
        socket.AllowBroadcast();
        Assert.Equal(_buffer.Length, await socket.SendToAsync(_buffer, everybody));
    });

    [Fact]
    public void Groups_are_joined_and_left()
    {
        using UdpSocket socket = UdpSocket.Bind("0.0.0.0:0");
        IPAddress group = IPAddress.Parse("239.255.1.2");
        socket.JoinGroup(group, IPAddress.Loopback);
        SocketException twice = Assert.Throws<SocketException>(() => socket.JoinGroup(group, IPAddress.Loopback));
        Assert.Equal(SocketError.AddressAlreadyInUse, twice.SocketErrorCode);
        socket.SetMulticastLoopback(comesBack: false);
        socket.SetTimeToLive(5);
        socket.SetTimeToLive(5, multicast: true);
        socket.LeaveGroup(group, IPAddress.Loopback);
        SocketException again = Assert.Throws<SocketException>(() => socket.LeaveGroup(group, IPAddress.Loopback));
        Assert.Equal(SocketError.AddressNotAvailable, again.SocketErrorCode);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("ff02::1")]
    public void What_is_no_group_of_its_family_cannot_be_joined(string group)
    {
        using UdpSocket socket = UdpSocket.Bind("0.0.0.0:0");
        Assert.Throws<ArgumentException>(() => socket.JoinGroup(IPAddress.Parse(group)));
    }

    [Fact]
    public Task Closing_ends_a_receive() => InTime(async () =>
    {
        UdpSocket socket = UdpSocket.Bind("127.0.0.1:0");
        ValueTask<SocketReceiveFromResult> receiving = socket.ReceiveFromAsync(_buffer);
        socket.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await receiving);
    });
}
