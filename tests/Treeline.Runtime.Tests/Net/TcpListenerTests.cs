using System.Net.Sockets;
using Treeline.Net;
using TcpListener = Treeline.Net.TcpListener;

namespace Treeline.Tests.Net;

public sealed class TcpListenerTests : TreeTest
{
    [Fact]
    public Task It_takes_one_connection_after_another() => InTime(async () =>
    {
        using TcpListener listener = TcpListener.Bind("127.0.0.1:0");
        Assert.Equal($"TCP listener on {listener.LocalEndPoint}", listener.ToString());
        for (int i = 0; i < 3; i++)
        {
            ValueTask<TcpStream> accepting = listener.AcceptAsync();
            using TcpStream client = await TcpStream.ConnectAsync(listener.LocalEndPoint);
            using TcpStream server = await accepting;
            Assert.Equal(client.LocalEndPoint, server.RemoteEndPoint);
        }
    });

    [Fact]
    public Task A_server_serves_its_clients_as_children_until_it_is_stopped() => InTime(async () =>
    {
        using TcpListener listener = TcpListener.Bind("127.0.0.1:0");
        using var stop = new CancellationTokenSource();
        Task server = TaskScope.RunAsync(
            async clients =>
            {
                while (true)
                {
                    TcpStream stream = await listener.AcceptAsync(clients.Token);
                    clients.Spawn(async ct =>
                    {
                        using (stream)
                        {
                            byte[] buffer = new byte[100];
                            while (await stream.ReadAsync(buffer, ct) is > 0 and int read)
                            {
                                await stream.WriteAsync(buffer.AsMemory(0, read), ct);
                            }
                        }
                    });
                }
            },
            stop.Token);
        byte[] echoed = new byte[5];
        using TcpStream client = await TcpStream.ConnectAsync(listener.LocalEndPoint);
        await client.WriteAsync("hello"u8.ToArray());
        await client.ReadExactlyAsync(echoed);
        Assert.Equal("hello"u8, echoed);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => server);

        // The server's end was closed with its scope.
        Assert.Equal(0, await client.ReadAsync(echoed));
    });

    [Fact]
    public Task A_connection_or_something_else() => InTime(async () =>
    {
        using TcpListener listener = TcpListener.Bind("127.0.0.1:0");
        using var stop = new CancellationTokenSource();
        Select<string> next = new Select<string>()
            .On(listener.AcceptCase(), static () => "connection")
            .On(SelectCase.Cancelled(stop.Token), static () => "stop")
            .Biased();
        Assert.False(listener.TryAccept(out _));
        using TcpStream client = await TcpStream.ConnectAsync(listener.LocalEndPoint);
        Assert.Equal("connection", await next.WaitAsync());
        TcpStream? server;
        while (!listener.TryAccept(out server))
        {
            await next.WaitAsync();
        }

        server.Dispose();
        await stop.CancelAsync();
        Assert.Equal("stop", await next.WaitAsync());
    });

    [Fact]
    public Task A_cancelled_accept_leaves_the_next_connection_for_the_next() => InTime(async () =>
    {
        using TcpListener listener = TcpListener.Bind("127.0.0.1:0");
        using var source = new CancellationTokenSource();
        ValueTask<TcpStream> accepting = listener.AcceptAsync(source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await accepting);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await listener.AcceptAsync(source.Token));
        using TcpStream client = await TcpStream.ConnectAsync(listener.LocalEndPoint);
        using TcpStream server = await listener.AcceptAsync();
        Assert.Equal(client.LocalEndPoint, server.RemoteEndPoint);
    });

    [Fact]
    public void A_port_that_is_taken_is_named()
    {
        using TcpListener listener = TcpListener.Bind("127.0.0.1:0");
        SocketException e = Assert.Throws<SocketException>(() => TcpListener.Bind(listener.LocalEndPoint));
        Assert.Equal(SocketError.AddressAlreadyInUse, e.SocketErrorCode);
        Assert.Contains($"listening on {listener.LocalEndPoint}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Listeners_that_say_so_share_a_port()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var options = new TcpListenOptions { ReusePort = true };
        using TcpListener one = TcpListener.Bind("127.0.0.1:0", options);
        using TcpListener other = TcpListener.Bind(one.LocalEndPoint, options);
        Assert.Equal(one.LocalEndPoint, other.LocalEndPoint);
    }
}
