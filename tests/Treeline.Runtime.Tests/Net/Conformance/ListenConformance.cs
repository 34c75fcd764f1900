using System.Net;
using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.Tests.Net.Conformance;

/// <summary>The contract of listeners.</summary>
public abstract class ListenConformance<TNetwork> : ConformanceTest<TNetwork>
    where TNetwork : NetworkUnderTest, new()
{
    [Fact]
    public Task An_accept_waits_for_a_connection() => OnNetwork(async network =>
    {
        using ListenSocket listener = network.Listen(AnyPort, 16, reusePort: false);
        ValueTask<StreamSocket> accepting = listener.AcceptAsync(default);
        Assert.False(accepting.IsCompleted);
        using StreamSocket client = await network.ConnectAsync(listener.LocalEndPoint, default);
        using StreamSocket server = await accepting;
        Assert.Equal(client.LocalEndPoint, server.RemoteEndPoint);
    });

    [Fact]
    public Task Connections_wait_to_be_accepted() => OnNetwork(async network =>
    {
        using ListenSocket listener = network.Listen(AnyPort, 16, reusePort: false);
        Assert.False(listener.TryAccept(out StreamSocket? none));
        Assert.Null(none);
        using StreamSocket first = await network.ConnectAsync(listener.LocalEndPoint, default);
        using StreamSocket second = await network.ConnectAsync(listener.LocalEndPoint, default);
        await first.WriteAllAsync(s_hello);
        using StreamSocket one = await listener.AcceptAsync(default);
        StreamSocket? other;
        while (!listener.TryAccept(out other))
        {
            await Task.Yield();
        }

        using (other)
        {
            Assert.Equal(first.LocalEndPoint, one.RemoteEndPoint);
            Assert.Equal(second.LocalEndPoint, other!.RemoteEndPoint);
            Assert.Equal(s_hello, await one.ReadExactlyAsync(s_hello.Length));
        }
    });

    [Fact]
    public Task A_connection_can_be_one_case_of_several() => OnNetwork(async network =>
    {
        using ListenSocket listener = network.Listen(AnyPort, 16, reusePort: false);
        for (int round = 0; round < 3; round++)
        {
            // It may say so wrongly, until that has been tried.
            Assert.False(listener.TryAccept(out _));
            using var other = new CancellationTokenSource();
            ValueTask<int> losing = new Select<int>()
                .On(listener.AcceptableCase(), static () => 1)
                .On(SelectCase.Cancelled(other.Token), static () => 2)
                .WaitAsync();
            await other.CancelAsync();
            Assert.Equal(2, await losing);

            ValueTask<int> waiting = new Select<int>().On(listener.AcceptableCase(), static () => 1).WaitAsync();
            Assert.False(waiting.IsCompleted);
            using StreamSocket client = await network.ConnectAsync(listener.LocalEndPoint, default);
            Assert.Equal(1, await waiting);
            StreamSocket? server;
            while (!listener.TryAccept(out server))
            {
                Assert.Equal(1, await new Select<int>().On(listener.AcceptableCase(), static () => 1).WaitAsync());
            }

            using (server)
            {
                Assert.Equal(client.LocalEndPoint, server!.RemoteEndPoint);
            }
        }
    });

    [Fact]
    public Task Only_one_may_accept_at_a_time() => OnNetwork(async network =>
    {
        using ListenSocket listener = network.Listen(AnyPort, 16, reusePort: false);
        ValueTask<StreamSocket> accepting = listener.AcceptAsync(default);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await listener.AcceptAsync(default));
        using StreamSocket client = await network.ConnectAsync(listener.LocalEndPoint, default);
        (await accepting).Dispose();
    });

    [Fact]
    public Task Closing_ends_an_accept_and_refuses_what_comes_later() => OnNetwork(async network =>
    {
        ListenSocket listener = network.Listen(AnyPort, 16, reusePort: false);
        using Connection connection = await Connection.OpenAsync(network, listener);
        ValueTask<StreamSocket> accepting = listener.AcceptAsync(default);
        listener.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await accepting);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await listener.AcceptAsync(default));
        Assert.Throws<ObjectDisposedException>(() => listener.TryAccept(out _));
        Assert.Equal(
            SocketError.ConnectionRefused,
            await ErrorOf(async () => await network.ConnectAsync(connection.Server.LocalEndPoint!, default)));
        listener.Dispose();

        // What was accepted goes on.
        await connection.Client.WriteAllAsync(s_hello);
        Assert.Equal(s_hello, await connection.Server.ReadExactlyAsync(s_hello.Length));
    });

    [Fact]
    public Task Closing_ends_a_select_too() => OnNetwork(async network =>
    {
        ListenSocket listener = network.Listen(AnyPort, 16, reusePort: false);
        ValueTask<int> waiting = new Select<int>().On(listener.AcceptableCase(), static () => 1).WaitAsync();
        listener.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await waiting);
    });

    [Fact]
    public Task Connections_that_nobody_accepted_are_reset_on_closing() => OnNetwork(async network =>
    {
        ListenSocket listener = network.Listen(AnyPort, 16, reusePort: false);
        using StreamSocket client = await network.ConnectAsync(listener.LocalEndPoint, default);
        listener.Dispose();
        Assert.Equal(SocketError.ConnectionReset, await ErrorOf(async () => await client.ReadAsync(new byte[1], default)));
    });

    [Fact]
    public Task A_connection_that_was_reset_before_it_was_accepted_harms_no_other() => OnNetwork(async network =>
    {
        using ListenSocket listener = network.Listen(AnyPort, 16, reusePort: false);
        (await network.ConnectAsync(listener.LocalEndPoint, default)).Abort();
        using StreamSocket client = await network.ConnectAsync(listener.LocalEndPoint, default);
        StreamSocket server = await listener.AcceptAsync(default);
        if (!client.LocalEndPoint!.Equals(server.RemoteEndPoint))
        {
            // Some systems pass over it, some hand it out.
            await Assert.ThrowsAsync<SocketException>(async () => await server.ReadAsync(new byte[1], default));
            server.Dispose();
            server = await listener.AcceptAsync(default);
        }

        using (server)
        {
            await client.WriteAllAsync(s_hello);
            Assert.Equal(s_hello, await server.ReadExactlyAsync(s_hello.Length));
        }
    });

    [Fact]
    public Task A_port_that_is_taken_is_an_error_that_names_it() => OnNetwork(network =>
    {
        using ListenSocket listener = network.Listen(AnyPort, 16, reusePort: false);
        SocketException e = Assert.Throws<SocketException>(() => network.Listen(listener.LocalEndPoint, 16, reusePort: false));
        Assert.Equal(SocketError.AddressAlreadyInUse, e.SocketErrorCode);
        Assert.Contains(listener.LocalEndPoint.ToString()!, e.Message, StringComparison.Ordinal);
        return Task.CompletedTask;
    });

    [Fact]
    public Task A_port_can_be_taken_again_at_once() => OnNetwork(async network =>
    {
        ListenSocket listener = network.Listen(AnyPort, 16, reusePort: false);
        EndPoint endPoint = listener.LocalEndPoint;
        using (Connection connection = await Connection.OpenAsync(network, listener))
        {
            // The end that closes first is the one whose system remembers the connection for a minute.
            connection.Server.Dispose();
            Assert.Equal(0, await connection.Client.ReadAsync(new byte[1], default));
        }

        listener.Dispose();
        using ListenSocket again = network.Listen(endPoint, 16, reusePort: false);
        using Connection other = await Connection.OpenAsync(network, again);
    });

    [Fact]
    public Task Several_listeners_can_share_a_port() => OnSystem(async network =>
    {
        using ListenSocket first = network.Listen(AnyPort, 1024, reusePort: true);
        using ListenSocket second = network.Listen(first.LocalEndPoint, 1024, reusePort: true);
        int[] counts = new int[2];
        await TaskScope.RunAsync(async scope =>
        {
            foreach ((ListenSocket listener, int i) in ((ListenSocket, int)[])[(first, 0), (second, 1)])
            {
                scope.Spawn(async ct =>
                {
                    while (true)
                    {
                        (await listener.AcceptAsync(ct)).Dispose();
                        Interlocked.Increment(ref counts[i]);
                    }
                });
            }

            // By a hash of the end points: that one gets none of 200 has a chance of 1 in 2^199.
            for (int i = 0; i < 200; i++)
            {
                using StreamSocket client = await network.ConnectAsync(first.LocalEndPoint, default);
                Assert.Equal(0, await client.ReadAsync(new byte[1], default));
            }

            await Until(() => Volatile.Read(ref counts[0]) + Volatile.Read(ref counts[1]) == 200);
            scope.Cancel();
        });
        Assert.All(counts, static count => Assert.InRange(count, 1, 199));
    });

    [Fact]
    public Task A_listener_on_all_IPv6_addresses_takes_IPv4_too() => OnSystem(async network =>
    {
        if (!Socket.OSSupportsIPv6)
        {
            return;
        }

        using ListenSocket listener = network.Listen(new IPEndPoint(IPAddress.IPv6Any, 0), 16, reusePort: false);
        int port = ((IPEndPoint)listener.LocalEndPoint).Port;
        using StreamSocket client = await network.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), default);
        using StreamSocket server = await listener.AcceptAsync(default);
        Assert.Equal(
            ((IPEndPoint)client.LocalEndPoint!).Address, ((IPEndPoint)server.RemoteEndPoint!).Address.MapToIPv4());
    });

    [Fact]
    public Task Whoever_accepts_is_shown_with_the_port() => OnNetwork(async network =>
    {
        using ListenSocket listener = network.Listen(AnyPort, 16, reusePort: false);
        await TaskScope.RunAsync(async scope =>
        {
            ChildTask child = scope.Spawn(async ct => (await listener.AcceptAsync(ct)).Dispose(), "the server");
            await Until(static () => Find("the server").WaitsOn is not null);
            string waitsOn = Find("the server").WaitsOn!;
            Assert.StartsWith("accept", waitsOn, StringComparison.Ordinal);
            Assert.Contains(listener.LocalEndPoint.ToString()!, waitsOn, StringComparison.Ordinal);
            (await network.ConnectAsync(listener.LocalEndPoint, default)).Dispose();
            await child;
        });
    });
}
