using System.Net.Sockets;

namespace Treeline.Tests.Net.Conformance;

/// <summary>The contract of reading from a connection.</summary>
public abstract class ReadConformance<TNetwork> : ConformanceTest<TNetwork>
    where TNetwork : NetworkUnderTest, new()
{
    [Fact]
    public Task A_read_waits_until_something_comes_and_gives_it() => OnConnection(async connection =>
    {
        byte[] buffer = new byte[100];
        ValueTask<int> reading = connection.Server.ReadAsync(buffer, default);
        Assert.False(reading.IsCompleted);
        await connection.Client.WriteAllAsync(s_hello);
        int read = await reading;
        Assert.InRange(read, 1, s_hello.Length);
        Assert.Equal(s_hello[..read], buffer[..read]);
    });

    [Fact]
    public Task What_is_there_is_read_at_once() => OnConnection(async connection =>
    {
        await connection.Client.WriteAllAsync(s_hello.AsMemory(0, 1));
        Assert.Equal(1, await connection.Server.PeekAsync(new byte[1], default));
        byte[] buffer = new byte[1];
        ValueTask<int> reading = connection.Server.ReadAsync(buffer, default);
        Assert.True(reading.IsCompleted);
        Assert.Equal(1, await reading);
        Assert.Equal(s_hello[0], buffer[0]);
    });

    [Fact]
    public Task A_read_gives_no_more_than_fits_and_the_next_one_the_rest() => OnConnection(async connection =>
    {
        await connection.Client.WriteAllAsync(Transfer.Bytes(0, 1000));
        long position = 0;
        byte[] buffer = new byte[7];
        while (position < 1000)
        {
            int read = await connection.Server.ReadAsync(buffer, default);
            Assert.InRange(read, 1, 7);
            Transfer.Check(buffer.AsSpan(0, read), position);
            position += read;
        }

        Assert.False(connection.Server.TryRead(buffer, out _));
    });

    [Fact]
    public Task A_read_of_no_bytes_is_over_at_once() => OnConnection(async connection =>
    {
        Assert.Equal(0, await connection.Server.ReadAsync(default, default));
        await connection.Client.WriteAllAsync(s_hello);
        Assert.Equal(0, await connection.Server.ReadAsync(default, default));
        Assert.Equal(s_hello, await connection.Server.ReadExactlyAsync(s_hello.Length));
    });

    [Fact]
    public Task A_peek_leaves_the_bytes_where_they_are() => OnConnection(async connection =>
    {
        byte[] buffer = new byte[3];
        ValueTask<int> peeking = connection.Server.PeekAsync(buffer, default);
        Assert.False(peeking.IsCompleted);
        await connection.Client.WriteAllAsync(s_hello);
        int peeked = await peeking;
        Assert.InRange(peeked, 1, 3);
        Assert.Equal(s_hello[..peeked], buffer[..peeked]);
        Assert.Equal(s_hello, await connection.Server.ReadExactlyAsync(s_hello.Length));
        connection.Client.ShutdownSend();
        Assert.Equal(0, await connection.Server.PeekAsync(buffer, default));
        Assert.Equal(0, await connection.Server.ReadAsync(buffer, default));
    });

    [Fact]
    public Task Trying_takes_what_is_there_and_does_not_wait() => OnConnection(async connection =>
    {
        byte[] buffer = new byte[100];
        Assert.False(connection.Server.TryRead(buffer, out int none));
        Assert.Equal(0, none);
        await connection.Client.WriteAllAsync(s_hello.AsMemory(0, 1));
        await connection.Server.PeekAsync(buffer, default);
        Assert.True(connection.Server.TryRead(buffer, out int one));
        Assert.Equal(1, one);
        Assert.False(connection.Server.TryRead(buffer, out _));
        connection.Client.ShutdownSend();
        await connection.Server.PeekAsync(buffer, default);
        Assert.True(connection.Server.TryRead(buffer, out int end));
        Assert.Equal(0, end);
    });

    [Fact]
    public Task One_can_wait_for_bytes_and_take_them_later() => OnConnection(async connection =>
    {
        ValueTask readable = connection.Server.ReadableAsync(default);
        await connection.Client.WriteAllAsync(s_hello);
        await readable;
        byte[] buffer = new byte[1];
        while (!connection.Server.TryRead(buffer, out _))
        {
            await connection.Server.ReadableAsync(default);
        }

        Assert.Equal(s_hello[0], buffer[0]);
        ValueTask more = connection.Server.ReadableAsync(default);
        await more;
    });

    [Fact]
    public Task The_end_of_the_stream_is_readable_too() => OnConnection(async connection =>
    {
        ValueTask readable = connection.Server.ReadableAsync(default);
        connection.Client.ShutdownSend();
        await readable;
        Assert.Equal(0, await connection.Server.ReadAsync(new byte[1], default));
    });

    [Fact]
    public Task A_case_of_a_select_that_wins_has_taken_nothing() => OnConnection(async connection =>
    {
        ValueTask<int> waiting = new Select<int>().On(connection.Server.ReadableCase(), static () => 1).WaitAsync();
        await connection.Client.WriteAllAsync(s_hello);
        Assert.Equal(1, await waiting);
        Assert.Equal(s_hello, await connection.Server.ReadExactlyAsync(s_hello.Length));

        // And once more, when the bytes were there first.
        await connection.Client.WriteAllAsync(s_hello);
        await connection.Server.PeekAsync(new byte[1], default);
        Assert.Equal(2, await new Select<int>().On(connection.Server.ReadableCase(), static () => 2).WaitAsync());
        Assert.Equal(s_hello, await connection.Server.ReadExactlyAsync(s_hello.Length));
    });

    [Fact]
    public Task A_case_of_a_select_that_loses_leaves_the_socket_free() => OnConnection(async connection =>
    {
        using var other = new CancellationTokenSource();
        ValueTask<int> waiting = new Select<int>()
            .On(connection.Server.ReadableCase(), static () => 1)
            .On(SelectCase.Cancelled(other.Token), static () => 2)
            .WaitAsync();
        await other.CancelAsync();
        Assert.Equal(2, await waiting);
        Task<byte[]> reading = connection.Server.ReadExactlyAsync(s_hello.Length);
        await connection.Client.WriteAllAsync(s_hello);
        Assert.Equal(s_hello, await reading);
    });

    [Fact]
    public Task Only_one_may_read_at_a_time() => OnConnection(async connection =>
    {
        ValueTask<int> reading = connection.Server.ReadAsync(new byte[1], default);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await connection.Server.ReadAsync(new byte[1], default));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await connection.Server.PeekAsync(new byte[1], default));
        Assert.False(reading.IsCompleted);
        await connection.Client.WriteAllAsync(s_hello);
        Assert.Equal(1, await reading);
        Assert.Equal(s_hello[1..], await connection.Server.ReadExactlyAsync(s_hello.Length - 1));
    });

    [Fact]
    public Task A_read_and_a_write_do_not_disturb_each_other() => OnConnection(async connection =>
    {
        ValueTask<int> reading = connection.Server.ReadAsync(new byte[1], default);
        await connection.Server.WriteAllAsync(s_hello);
        Assert.Equal(s_hello, await connection.Client.ReadExactlyAsync(s_hello.Length));
        Assert.False(reading.IsCompleted);
        await connection.Client.WriteAllAsync(s_hello.AsMemory(0, 1));
        Assert.Equal(1, await reading);
    });

    [Fact]
    public Task Whoever_reads_is_shown_with_the_other_end() => OnConnection(async connection =>
    {
        await TaskScope.RunAsync(async scope =>
        {
            ChildTask<int> child = scope.Spawn(
                async ct => await connection.Server.ReadAsync(new byte[1], ct), "the reader");
            await Until(static () => Find("the reader").WaitsOn is not null);
            Assert.StartsWith($"read from {connection.Server.RemoteEndPoint}", Find("the reader").WaitsOn, StringComparison.Ordinal);
            await connection.Client.WriteAllAsync(s_hello.AsMemory(0, 1));
            Assert.Equal(1, await child);
        });
    });

    [Fact]
    public Task Plain_code_goes_on_on_the_executor_of_the_socket() => OnConnection(async connection =>
    {
        Task<Executor> reading = ReadAsync(connection);
        await connection.Client.WriteAllAsync(s_hello);
        Assert.Same(Under.Executor, await reading);

        static async Task<Executor> ReadAsync(Connection connection)
        {
            await connection.Server.ReadAsync(new byte[1], default).ConfigureAwait(false);
            return Executor.Current;
        }
    });

    [Fact]
    public Task A_reset_ends_a_read_with_an_error_that_names_the_ends() => OnConnection(async connection =>
    {
        string other = connection.Server.RemoteEndPoint!.ToString()!;
        ValueTask<int> reading = connection.Server.ReadAsync(new byte[1], default);
        connection.Client.Abort();
        SocketException e = await Assert.ThrowsAsync<SocketException>(async () => await reading);
        Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
        Assert.Contains(other, e.Message, StringComparison.Ordinal);
    });

    [Fact]
    public Task Warm_reads_and_writes_allocate_nothing() => OnConnection(async connection =>
    {
        byte[] there = new byte[64];
        byte[] here = new byte[64];
        const int Rounds = 500;
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 20 && least > Rounds; attempt++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            for (int round = 0; round < Rounds; round++)
            {
                ValueTask<int> reading = connection.Server.ReadAsync(there, default);
                await connection.Client.WriteAsync(here, default);
                if (await reading != 64)
                {
                    Assert.Fail("The bytes came in pieces.");
                }
            }

            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        // Other threads of the process allocate now and then; an object a round would be 24 bytes or more.
        Assert.InRange(least, 0, 8 * Rounds);
    });
}
