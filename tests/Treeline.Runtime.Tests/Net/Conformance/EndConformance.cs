using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.Tests.Net.Conformance;

/// <summary>The contract of how connections end: half-close, close, reset, and what is in flight then.</summary>
public abstract class EndConformance<TNetwork> : ConformanceTest<TNetwork>
    where TNetwork : NetworkUnderTest, new()
{
    [Fact]
    public Task Whoever_has_sent_all_can_still_read() => OnConnection(async connection =>
    {
        await connection.Client.WriteAllAsync(s_hello);
        connection.Client.ShutdownSend();
        Assert.Equal(s_hello, await connection.Server.ReadExactlyAsync(s_hello.Length));
        Assert.Equal(0, await connection.Server.ReadAsync(new byte[1], default));
        Assert.Equal(0, await connection.Server.ReadAsync(new byte[1], default));
        await connection.Server.WriteAllAsync(s_hello);
        Assert.Equal(s_hello, await connection.Client.ReadExactlyAsync(s_hello.Length));
        connection.Server.ShutdownSend();
        Assert.Equal(0, await connection.Client.ReadAsync(new byte[1], default));
    });

    [Fact]
    public Task A_read_that_waits_sees_the_end() => OnConnection(async connection =>
    {
        ValueTask<int> reading = connection.Server.ReadAsync(new byte[1], default);
        connection.Client.ShutdownSend();
        Assert.Equal(0, await reading);
    });

    [Fact]
    public Task Nothing_can_be_written_after_the_end_was_sent() => OnConnection(async connection =>
    {
        connection.Client.ShutdownSend();
        Assert.Equal(SocketError.Shutdown, await ErrorOf(async () => await connection.Client.WriteAsync(s_hello, default)));
        Assert.Throws<SocketException>(() => connection.Client.TryWrite(s_hello, out _));
    });

    [Fact]
    public Task What_was_written_before_closing_arrives() => OnConnection(async connection =>
    {
        await connection.Client.WriteAllAsync(Transfer.Bytes(0, 40_000));
        connection.Client.Dispose();
        Assert.Equal(40_000, await connection.Server.ReadToEndAsync());
    });

    [Fact]
    public Task Closing_while_reading_is_no_reset_for_the_other_end() => OnConnection(async connection =>
    {
        ValueTask<int> reading = connection.Client.ReadAsync(new byte[1], default);
        await connection.Client.WriteAllAsync(s_hello);
        connection.Client.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await reading);
        Assert.Equal(s_hello, await connection.Server.ReadExactlyAsync(s_hello.Length));
        Assert.Equal(0, await connection.Server.ReadAsync(new byte[1], default));
    });

    [Fact]
    public Task Two_ends_that_only_write_are_free_when_one_is_closed() => OnConnection(async connection =>
    {
        byte[] much = new byte[64 * 1024];
        ValueTask<int> reading = connection.Client.ReadAsync(new byte[1], default);
        await connection.Server.WriteAllAsync(s_hello);
        Assert.Equal(1, await reading); // so that it has unread bytes, as soon as it is told of them
        await FillAsync(connection.Server);
        await FillAsync(connection.Client);
        ValueTask<int> writing = connection.Server.WriteAsync(much, default);
        connection.Client.Dispose();
        await Assert.ThrowsAnyAsync<SocketException>(async () =>
        {
            await writing;
            while (true)
            {
                await connection.Server.WriteAsync(much, default);
            }
        });

        // Full is what stays full while whoever could make room has been let run.
        async Task FillAsync(StreamSocket end)
        {
            for (int refusals = 0; refusals < 100; await Task.Yield())
            {
                refusals = end.TryWrite(much, out _) ? 0 : refusals + 1;
            }
        }
    });

    [Fact]
    public Task Closing_with_bytes_unread_is_a_reset_for_the_other_end() => OnConnection(async connection =>
    {
        await connection.Server.WriteAllAsync(s_hello);
        await connection.Client.PeekAsync(new byte[1], default);
        connection.Client.Dispose();
        Assert.Equal(
            SocketError.ConnectionReset, await ErrorOf(async () => await connection.Server.ReadAsync(new byte[1], default)));
    });

    [Fact]
    public Task Aborting_is_a_reset_for_the_other_end() => OnConnection(async connection =>
    {
        ValueTask<int> reading = connection.Server.ReadAsync(new byte[1], default);
        ValueTask<int> own = connection.Client.ReadAsync(new byte[1], default);
        connection.Client.Abort();
        Assert.Equal(SocketError.ConnectionReset, await ErrorOf(async () => await reading));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await own);
        connection.Client.Dispose();
        connection.Client.Abort();
    });

    [Fact]
    public Task Aborting_sends_nothing_that_waits_to_be_sent() => OnConnection(async connection =>
    {
        long position = await connection.Client.FillUpAsync();
        connection.Client.Abort();
        await Assert.ThrowsAsync<SocketException>(() => connection.Server.ReadToEndAsync());
        Assert.True(position > 0);
    });

    [Fact]
    public Task Closing_ends_what_is_in_flight() => OnNetwork(async network =>
    {
        (string, Func<StreamSocket, ValueTask>)[] operations =
        [
            ("read", static async socket => await socket.ReadAsync(new byte[1], default)),
            ("peek", static async socket => await socket.PeekAsync(new byte[1], default)),
            ("readable", static socket => socket.ReadableAsync(default)),
            ("readable case", static async socket => await new Select<int>().On(socket.ReadableCase(), static () => 1).WaitAsync()),
            ("write", static async socket => await socket.WriteAsync(new byte[1], default)),
            ("vectored write", static async socket => await socket.WriteVectoredAsync([new byte[1]], default)),
            ("writable", static socket => socket.WritableAsync(default)),
        ];
        foreach ((string name, Func<StreamSocket, ValueTask> operation) in operations)
        {
            using Connection connection = await Connection.OpenAsync(network, Under.Address);
            if (name.Contains("writ", StringComparison.Ordinal))
            {
                await connection.Client.FillUpAsync();
            }

            ValueTask running = operation(connection.Client);
            Assert.False(running.IsCompleted, name);
            connection.Client.Dispose();
            await Assert.ThrowsAsync<ObjectDisposedException>(async () => await running);
            await Assert.ThrowsAsync<ObjectDisposedException>(async () => await operation(connection.Client));
            connection.Client.Dispose();
        }
    });

    [Fact]
    public Task What_is_closed_can_do_nothing_any_more() => OnConnection(async connection =>
    {
        StreamSocket socket = connection.Client;
        socket.Dispose();
        Assert.Throws<ObjectDisposedException>(() => socket.TryRead(new byte[1], out _));
        Assert.Throws<ObjectDisposedException>(() => socket.TryWrite(s_hello, out _));
        Assert.Throws<ObjectDisposedException>(socket.ShutdownSend);
        Assert.Throws<ObjectDisposedException>(() => socket.SetOption(SocketOptionLevel.Tcp, SocketOptionName.NoDelay, 1));
        Assert.Throws<ObjectDisposedException>(() => socket.GetOption(SocketOptionLevel.Tcp, SocketOptionName.NoDelay));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await socket.ReadAsync(new byte[1], Cancelled));
    });

    [Fact]
    public Task Closing_races_with_what_arrives_and_one_of_both_wins() => OnNetwork(async network =>
    {
        const int Seed = 6;
        var random = new Random(Seed);
        using ListenSocket listener = network.Listen(AnyPort, 16, reusePort: false);
        for (int round = 0; round < 100; round++)
        {
            using Connection connection = await Connection.OpenAsync(network, listener);
            ValueTask<int> reading = connection.Server.ReadAsync(new byte[10], default);
            int pause = random.Next(200);
            Task closing = Task.Run(() =>
            {
                Thread.SpinWait(pause);
                connection.Server.Dispose();
            });
            await connection.Client.WriteAsync(s_hello, default);
            try
            {
                int read = await reading;
                Assert.True(read == s_hello.Length, $"Round {round} of seed {Seed} read {read}.");
            }
            catch (ObjectDisposedException)
            {
                // That won.
            }

            await closing;
        }
    });
}
