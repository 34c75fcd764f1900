using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.Tests.Net.Conformance;

/// <summary>The contract of cancellation: a cancelled operation did nothing.</summary>
public abstract class CancellationConformance<TNetwork> : ConformanceTest<TNetwork>
    where TNetwork : NetworkUnderTest, new()
{
    [Fact]
    public Task A_token_that_is_cancelled_already_comes_before_anything_else() => OnNetwork(async network =>
    {
        using ListenSocket listener = network.Listen(AnyPort, 16, reusePort: false);
        using Connection connection = await Connection.OpenAsync(network, listener);
        StreamSocket socket = connection.Client;
        await connection.Server.WriteAllAsync(s_hello);
        await socket.PeekAsync(new byte[1], default);
        Assert.True(IsCancelled(socket.ReadAsync(new byte[1], Cancelled)));
        Assert.True(IsCancelled(socket.PeekAsync(new byte[1], Cancelled)));
        Assert.True(IsCancelled(socket.ReadableAsync(Cancelled)));
        Assert.True(IsCancelled(socket.WriteAsync(s_hello, Cancelled)));
        Assert.True(IsCancelled(socket.WriteVectoredAsync([s_hello], Cancelled)));
        Assert.True(IsCancelled(socket.WritableAsync(Cancelled)));
        Assert.True(IsCancelled(listener.AcceptAsync(Cancelled)));
        Assert.True(IsCancelled(network.ConnectAsync(listener.LocalEndPoint, Cancelled)));
        Assert.Equal(s_hello, await socket.ReadExactlyAsync(s_hello.Length));
        socket.ShutdownSend();
        Assert.Equal(0, await connection.Server.ReadAsync(new byte[1], default));
        Assert.False(listener.TryAccept(out _));
    });

    [Fact]
    public Task A_cancelled_read_took_nothing_and_another_may_follow() => OnConnection(async connection =>
    {
        await CancelledAsync(async ct => await connection.Server.ReadAsync(new byte[1], ct));
        await CancelledAsync(async ct => await connection.Server.PeekAsync(new byte[1], ct));
        await CancelledAsync(connection.Server.ReadableAsync);
        await connection.Client.WriteAllAsync(s_hello);
        Assert.Equal(s_hello, await connection.Server.ReadExactlyAsync(s_hello.Length));
    });

    [Fact]
    public Task A_cancelled_write_wrote_nothing_and_another_may_follow() => OnConnection(async connection =>
    {
        long position = await connection.Client.FillUpAsync();
        await CancelledAsync(async ct => await connection.Client.WriteAsync("not this"u8.ToArray(), ct));
        await CancelledAsync(async ct => await connection.Client.WriteVectoredAsync(["nor this"u8.ToArray()], ct));
        await CancelledAsync(connection.Client.WritableAsync);
        ValueTask<int> writing = connection.Client.WriteAsync(Transfer.Bytes(position, 10), default);
        Task<long> draining = connection.Server.ReadToEndAsync();
        int written = await writing;
        connection.Client.ShutdownSend();
        Assert.Equal(position + written, await draining);
    });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public Task No_byte_is_lost_when_reads_are_cancelled_while_bytes_arrive(int seed) => OnConnection(async connection =>
    {
        var random = new Random(seed);
        byte[] buffer = new byte[2000];
        long sent = 0;
        long position = 0;
        using var together = new Together();
        for (int round = 0; round < 400; round++)
        {
            using var source = new CancellationTokenSource();
            Memory<byte> part = buffer.AsMemory(0, random.Next(1, buffer.Length));
            bool peeks = random.Next(4) == 0;
            ValueTask<int> reading = peeks
                ? connection.Server.PeekAsync(part, source.Token)
                : connection.Server.ReadAsync(part, source.Token);
            Assert.False(reading.IsCompleted);
            together.Begin(source.Cancel, random.Next(300));
            byte[] bytes = Transfer.Bytes(sent, random.Next(1, buffer.Length));
            await connection.Client.WriteAllAsync(bytes);
            sent += bytes.Length;
            try
            {
                int read = await reading;
                Assert.InRange(read, 1, part.Length);
                Transfer.Check(part.Span[..read], position);
                position += peeks ? 0 : read;
            }
            catch (OperationCanceledException)
            {
                // It took nothing: all of it is still to come.
            }

            together.End();
            while (position < sent)
            {
                int read = await connection.Server.ReadAsync(buffer, default);
                Transfer.Check(buffer.AsSpan(0, read), position);
                position += read;
            }
        }

        Assert.Equal(sent, position);
        Assert.False(connection.Server.TryRead(buffer, out _));
    });

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public Task No_byte_is_lost_or_doubled_when_writes_are_cancelled_while_room_is_made(int seed) => OnConnection(async connection =>
    {
        var random = new Random(seed);
        long position = await connection.Client.FillUpAsync();
        Task<long> draining = connection.Server.ReadToEndAsync();
        using var together = new Together();
        for (int round = 0; round < 300; round++)
        {
            using var source = new CancellationTokenSource();
            byte[] bytes = Transfer.Bytes(position, random.Next(1, 300_000));
            together.Begin(source.Cancel, random.Next(3000));
            try
            {
                position += await connection.Client.WriteAsync(bytes, source.Token);
            }
            catch (OperationCanceledException)
            {
                // Nothing went.
            }

            together.End();
        }

        connection.Client.ShutdownSend();
        Assert.Equal(position, await draining);
    });

    [Fact]
    public Task No_byte_is_lost_when_a_select_gives_up_while_bytes_arrive() => OnConnection(async connection =>
    {
        var random = new Random(5);
        byte[] one = new byte[1];
        using var together = new Together();
        for (int round = 0; round < 300; round++)
        {
            using var other = new CancellationTokenSource();
            ValueTask<bool> waiting = new Select<bool>()
                .On(connection.Server.ReadableCase(), static () => true)
                .On(SelectCase.Cancelled(other.Token), static () => false)
                .WaitAsync();
            together.Begin(other.Cancel, random.Next(300));
            await connection.Client.WriteAllAsync(Transfer.Bytes(round, 1));
            await waiting;
            together.End();
            Assert.Equal(1, await connection.Server.ReadAsync(one, default));
            Transfer.Check(one, round);
        }
    });

    [Fact]
    public Task A_cancelled_accept_took_no_connection() => OnNetwork(async network =>
    {
        using ListenSocket listener = network.Listen(AnyPort, 16, reusePort: false);
        await CancelledAsync(async ct => await listener.AcceptAsync(ct));
        using Connection connection = await Connection.OpenAsync(network, listener);
        await connection.Client.WriteAllAsync(s_hello);
        Assert.Equal(s_hello, await connection.Server.ReadExactlyAsync(s_hello.Length));
    });

    [Fact]
    public Task No_connection_is_lost_when_accepts_are_cancelled_while_they_come() => OnNetwork(async network =>
    {
        const int Seed = 7;
        var random = new Random(Seed);
        using ListenSocket listener = network.Listen(AnyPort, 16, reusePort: false);
        using var together = new Together();
        for (int round = 0; round < 150; round++)
        {
            using var source = new CancellationTokenSource();
            ValueTask<StreamSocket> accepting = listener.AcceptAsync(source.Token);
            together.Begin(source.Cancel, random.Next(2000));
            using StreamSocket client = await network.ConnectAsync(listener.LocalEndPoint, default);
            StreamSocket? server = null;
            try
            {
                server = await accepting;
            }
            catch (OperationCanceledException)
            {
                server = await listener.AcceptAsync(default);
            }

            together.End();
            using (server)
            {
                Assert.Equal(client.LocalEndPoint, server.RemoteEndPoint);
            }
        }

        Assert.False(listener.TryAccept(out _));
    });

    [Fact]
    public Task A_cancelled_connect_leaves_nothing() => OnSystem(async network =>
    {
        using var stalling = new StallingListener();
        await CancelledAsync(async ct => (await network.ConnectAsync(stalling.EndPoint, ct)).Dispose());

        // Another may follow, as if nothing had been.
        await CancelledAsync(async ct => (await network.ConnectAsync(stalling.EndPoint, ct)).Dispose());
    });

    [Fact]
    public Task A_cancelled_receive_took_no_datagram() => OnNetwork(async network =>
    {
        using DatagramSocket receiver = network.Bind(AnyPort, reusePort: false);
        using DatagramSocket sender = network.Bind(AnyPort, reusePort: false);
        Assert.True(IsCancelled(receiver.ReceiveFromAsync(new byte[1], Cancelled)));
        Assert.True(IsCancelled(sender.SendAsync(s_hello, receiver.LocalEndPoint, Cancelled)));
        await CancelledAsync(async ct => await receiver.ReceiveFromAsync(new byte[1], ct));
        var random = new Random(8);
        byte[] buffer = new byte[100];
        using var together = new Together();
        for (int round = 0; round < 200; round++)
        {
            using var source = new CancellationTokenSource();
            ValueTask<SocketReceiveFromResult> receiving = receiver.ReceiveFromAsync(buffer, source.Token);
            together.Begin(source.Cancel, random.Next(300));
            await sender.SendAsync(Transfer.Bytes(round, 10), receiver.LocalEndPoint, default);
            SocketReceiveFromResult result;
            try
            {
                result = await receiving;
            }
            catch (OperationCanceledException)
            {
                result = await receiver.ReceiveFromAsync(buffer, default);
            }

            together.End();
            Assert.Equal(10, result.ReceivedBytes);
            Transfer.Check(buffer.AsSpan(0, 10), round);
        }
    });
}
