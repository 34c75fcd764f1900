using System.Net;
using System.Net.Sockets;
using Treeline.Net;
using TcpListener = Treeline.Net.TcpListener;

namespace Treeline.Tests.Net;

public sealed class TcpStreamTests : TreeTest
{
    private static async Task<(TcpStream Client, TcpStream Server)> PairAsync()
    {
        using TcpListener listener = TcpListener.Bind("127.0.0.1:0");
        TcpStream client = await TcpStream.ConnectAsync(listener.LocalEndPoint);
        return (client, await listener.AcceptAsync());
    }

    [Fact]
    public Task It_knows_both_ends() => InTime(async () =>
    {
        (TcpStream client, TcpStream server) = await PairAsync();
        using (client)
        using (server)
        {
            Assert.Equal(client.LocalEndPoint, server.RemoteEndPoint);
            Assert.Equal(server.LocalEndPoint, client.RemoteEndPoint);
            Assert.Equal($"TCP {client.LocalEndPoint} → {client.RemoteEndPoint}", client.ToString());
        }
    });

    [Fact]
    public Task Small_writes_are_sent_at_once_unless_told_otherwise() => InTime(async () =>
    {
        (TcpStream client, TcpStream server) = await PairAsync();
        using (client)
        using (server)
        {
            Assert.True(client.NoDelay);
            Assert.True(server.NoDelay);
            client.NoDelay = false;
            Assert.False(client.NoDelay);
        }
    });

    [Fact]
    public Task Options_are_what_they_were_set_to() => InTime(async () =>
    {
        (TcpStream client, TcpStream server) = await PairAsync();
        using (client)
        using (server)
        {
            Assert.False(client.KeepAlive);
            client.KeepAlive = true;
            client.KeepAliveTime = TimeSpan.FromMinutes(1);
            client.KeepAliveInterval = TimeSpan.FromSeconds(5);
            client.KeepAliveRetryCount = 3;
            Assert.True(client.KeepAlive);
            Assert.Equal(TimeSpan.FromMinutes(1), client.KeepAliveTime);
            Assert.Equal(TimeSpan.FromSeconds(5), client.KeepAliveInterval);
            Assert.Equal(3, client.KeepAliveRetryCount);
            Assert.Null(client.LingerTime);
            client.LingerTime = TimeSpan.FromSeconds(2.5);
            Assert.Equal(TimeSpan.FromSeconds(3), client.LingerTime);
            client.LingerTime = null;
            Assert.Null(client.LingerTime);
            Assert.Throws<ArgumentOutOfRangeException>(() => client.LingerTime = TimeSpan.FromSeconds(-1));
        }
    });

    [Fact]
    public Task A_host_by_name_is_found() => InTime(async () =>
    {
        using TcpListener listener = TcpListener.Bind("localhost:0");
        using TcpStream client = await TcpStream.ConnectAsync("localhost", listener.LocalEndPoint.Port);
        using TcpStream server = await listener.AcceptAsync();
        Assert.Equal(client.LocalEndPoint, server.RemoteEndPoint!);
    });

    [Fact]
    public Task A_host_that_is_an_address_is_not_looked_up() => InTime(async () =>
    {
        using var network = new NetworkOf(static _ => throw new OopsException("It was looked up."));
        await network.RunAsync(async () =>
        {
            using TcpListener listener = TcpListener.Bind("127.0.0.1:0");
            using TcpStream client = await TcpStream.ConnectAsync("127.0.0.1", listener.LocalEndPoint.Port);
            Assert.Equal(listener.LocalEndPoint, client.RemoteEndPoint);
        });
    });

    [Fact]
    public Task An_address_that_refuses_is_passed_over() => InTime(async () =>
    {
        using var network = new NetworkOf(static _ => [IPAddress.Parse("127.0.0.3"), IPAddress.Loopback]);
        await network.RunAsync(async () =>
        {
            using TcpListener listener = TcpListener.Bind("127.0.0.1:0");
            int port = listener.LocalEndPoint.Port;
            using TcpStream client = await TcpStream.ConnectAsync("two-addresses", port);
            using TcpStream server = await listener.AcceptAsync();
            Assert.Equal(listener.LocalEndPoint, client.RemoteEndPoint);
            Assert.Equal([new IPEndPoint(IPAddress.Parse("127.0.0.3"), port), listener.LocalEndPoint], network.Dialled);
        });
    });

    [Fact]
    public Task When_all_addresses_refuse_each_is_named() => InTime(async () =>
    {
        int port;
        using (TcpListener listener = TcpListener.Bind("127.0.0.1:0"))
        {
            port = listener.LocalEndPoint.Port;
        }

        using var network = new NetworkOf(static _ => [IPAddress.Parse("127.0.0.3"), IPAddress.Loopback]);
        await network.RunAsync(async () =>
        {
            ScopeException e = await Assert.ThrowsAsync<ScopeException>(
                async () => await TcpStream.ConnectAsync("two-addresses", port));
            Assert.Equal(
                [$"127.0.0.3:{port}", $"127.0.0.1:{port}"],
                e.InnerExceptions.Select(static each =>
                {
                    string message = Assert.IsType<SocketException>(each).Message;
                    return message["Error while connecting to ".Length..message.LastIndexOf(": ", StringComparison.Ordinal)];
                }));
        });
    });

    [Fact]
    public Task A_port_that_is_none_is_a_mistake() => InTime(async () =>
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await TcpStream.ConnectAsync("localhost", 0));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await TcpStream.ConnectAsync("localhost", 65536));
        await Assert.ThrowsAsync<ArgumentException>(async () => await TcpStream.ConnectAsync(string.Empty, 80));
    });

    [Fact]
    public Task A_cancelled_token_comes_first() => InTime(async () =>
    {
        var cancelled = new CancellationToken(canceled: true);
        using var network = new NetworkOf(static _ => throw new OopsException("It was looked up."));
        await network.RunAsync(async () =>
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await TcpStream.ConnectAsync("name", 80, cancelled));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                async () => await TcpStream.ConnectAsync(new IPEndPoint(IPAddress.Loopback, 80), cancelled));
        });
    });
}
