using System.Net;
using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.Tests.Net.Conformance;

/// <summary>The contract of opening connections, and of what is known of them.</summary>
public abstract class ConnectConformance<TNetwork> : ConformanceTest<TNetwork>
    where TNetwork : NetworkUnderTest, new()
{
    [Fact]
    public Task Each_end_knows_both() => OnNetwork(async network =>
    {
        using ListenSocket listener = network.Listen(AnyPort, 16, reusePort: false);
        Assert.NotEqual(0, ((IPEndPoint)listener.LocalEndPoint).Port);
        using Connection connection = await Connection.OpenAsync(network, listener);
        Assert.Equal(listener.LocalEndPoint, connection.Client.RemoteEndPoint);
        Assert.Equal(listener.LocalEndPoint, connection.Server.LocalEndPoint);
        Assert.Equal(connection.Client.LocalEndPoint, connection.Server.RemoteEndPoint);
        EndPoint client = connection.Client.LocalEndPoint!;
        connection.Client.Dispose();
        Assert.Equal(client, connection.Client.LocalEndPoint);
        Assert.Equal(client, connection.Server.RemoteEndPoint);
    });

    [Fact]
    public Task Where_nobody_listens_a_connection_is_refused() => OnNetwork(async network =>
    {
        ListenSocket listener = network.Listen(AnyPort, 16, reusePort: false);
        EndPoint gone = listener.LocalEndPoint;
        listener.Dispose();
        SocketException e = await Assert.ThrowsAsync<SocketException>(async () => await network.ConnectAsync(gone, default));
        Assert.Equal(SocketError.ConnectionRefused, e.SocketErrorCode);
        Assert.Contains(gone.ToString()!, e.Message, StringComparison.Ordinal);
    });

    [Fact]
    public Task Where_there_is_no_way_the_error_is_that_of_sockets_of_NET() => OnSystem(async network =>
    {
        // To all and to a group no connection can be made.
        foreach (IPEndPoint target in (IPEndPoint[])[new(IPAddress.Broadcast, 9), new(IPAddress.Parse("224.0.0.1"), 9)])
        {
            using var plain = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            SocketError expected = await ErrorOf(() => plain.ConnectAsync(target));
            Assert.Equal(expected, await ErrorOf(async () => await network.ConnectAsync(target, default)));
        }
    });

    [Fact]
    public Task Many_connections_at_once_all_come_through() => OnNetwork(async network =>
    {
        const int Count = 200;
        using ListenSocket listener = network.Listen(AnyPort, 512, reusePort: false);
        await TaskScope.RunAsync(async scope =>
        {
            for (int i = 0; i < Count; i++)
            {
                byte id = (byte)i;
                scope.Spawn(async ct =>
                {
                    using StreamSocket client = await network.ConnectAsync(listener.LocalEndPoint, ct);
                    await client.WriteAllAsync(new byte[] { id, (byte)~id });
                    client.ShutdownSend();
                    Assert.Equal([(byte)~id, id], await client.ReadExactlyAsync(2));
                    Assert.Equal(0, await client.ReadAsync(new byte[1], ct));
                });
            }

            for (int i = 0; i < Count; i++)
            {
                StreamSocket server = await listener.AcceptAsync(scope.Token);
                scope.Spawn(async ct =>
                {
                    using (server)
                    {
                        byte[] bytes = await server.ReadExactlyAsync(2);
                        Assert.Equal(0, await server.ReadAsync(new byte[1], ct));
                        await server.WriteAllAsync(bytes.Reverse().ToArray());
                    }
                });
            }
        });
        Assert.False(listener.TryAccept(out _));
    });

    [Fact]
    public Task Options_keep_what_is_set() => OnSystem(async network =>
    {
        using Connection connection = await Connection.OpenAsync(network, Under.Address);
        foreach (StreamSocket socket in (StreamSocket[])[connection.Client, connection.Server])
        {
            foreach ((SocketOptionLevel level, SocketOptionName name, int value) in ((SocketOptionLevel, SocketOptionName, int)[])[
                (SocketOptionLevel.Tcp, SocketOptionName.NoDelay, 1),
                (SocketOptionLevel.Tcp, SocketOptionName.NoDelay, 0),
                (SocketOptionLevel.Socket, SocketOptionName.KeepAlive, 1),
                (SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 77),
                (SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 7),
                (SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 5),
                (SocketOptionLevel.Socket, SocketOptionName.Linger, 3),
                (SocketOptionLevel.Socket, SocketOptionName.Linger, 0),
                (SocketOptionLevel.Socket, SocketOptionName.Linger, -1)])
            {
                socket.SetOption(level, name, value);
                Assert.Equal(value, socket.GetOption(level, name));
            }

            // The system keeps accounts of its own in it, and doubles what is asked for.
            socket.SetOption(SocketOptionLevel.Socket, SocketOptionName.SendBuffer, 20_000);
            Assert.InRange(socket.GetOption(SocketOptionLevel.Socket, SocketOptionName.SendBuffer), 20_000, 40_000);
        }
    });

    [Fact]
    public Task No_time_to_linger_makes_closing_a_reset() => OnConnection(async connection =>
    {
        connection.Client.SetOption(SocketOptionLevel.Socket, SocketOptionName.Linger, 0);
        connection.Client.Dispose();
        Assert.Equal(
            SocketError.ConnectionReset, await ErrorOf(async () => await connection.Server.ReadAsync(new byte[1], default)));
    });
}
