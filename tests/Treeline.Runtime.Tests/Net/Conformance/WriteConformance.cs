using System.Net.Sockets;

namespace Treeline.Tests.Net.Conformance;

/// <summary>The contract of writing to a connection.</summary>
public abstract class WriteConformance<TNetwork> : ConformanceTest<TNetwork>
    where TNetwork : NetworkUnderTest, new()
{
    [Fact]
    public Task A_write_that_finds_no_room_waits_for_some() => OnConnection(async connection =>
    {
        long position = await connection.Client.FillUpAsync();
        byte[] more = Transfer.Bytes(position, 100_000);
        ValueTask<int> writing = connection.Client.WriteAsync(more, default);
        Assert.False(writing.IsCompleted);
        Task<long> draining = connection.Server.ReadToEndAsync();
        int written = await writing;
        Assert.InRange(written, 1, more.Length);
        connection.Client.ShutdownSend();
        Assert.Equal(position + written, await draining);
    });

    [Fact]
    public Task One_can_wait_for_room_only() => OnConnection(async connection =>
    {
        await connection.Client.WritableAsync(default);
        long position = await connection.Client.FillUpAsync();
        ValueTask writable = connection.Client.WritableAsync(default);
        Task<long> draining = connection.Server.ReadToEndAsync();
        await writable;
        byte[] more = Transfer.Bytes(position, 1);
        int written;
        while (!connection.Client.TryWrite(more, out written))
        {
            await connection.Client.WritableAsync(default);
        }

        Assert.Equal(1, written);
        connection.Client.ShutdownSend();
        Assert.Equal(position + 1, await draining);
    });

    [Fact]
    public Task A_write_of_no_bytes_is_over_at_once() => OnConnection(async connection =>
    {
        Assert.Equal(0, await connection.Client.WriteAsync(default, default));
        Assert.Equal(0, await connection.Client.WriteVectoredAsync([], default));
        Assert.Equal(0, await connection.Client.WriteVectoredAsync([default, default], default));
        await connection.Client.FillUpAsync();
        Assert.Equal(0, await connection.Client.WriteAsync(default, default));
    });

    [Fact]
    public Task Several_buffers_are_written_one_after_another() => OnConnection(async connection =>
    {
        long position = 0;
        List<ReadOnlyMemory<byte>> buffers = [];
        foreach (int length in (int[])[3, 0, 1000, 1, 0, 40])
        {
            buffers.Add(Transfer.Bytes(position, length));
            position += length;
        }

        Assert.Equal(position, await connection.Client.WriteVectoredAsync(buffers, default));
        connection.Client.ShutdownSend();
        Assert.Equal(position, await connection.Server.ReadToEndAsync());
    });

    [Fact]
    public Task Several_buffers_wait_for_room_as_one_does() => OnConnection(async connection =>
    {
        long position = await connection.Client.FillUpAsync();
        ValueTask<int> writing = connection.Client.WriteVectoredAsync(
            [default, Transfer.Bytes(position, 10), Transfer.Bytes(position + 10, 100_000)], default);
        Assert.False(writing.IsCompleted);
        Task<long> draining = connection.Server.ReadToEndAsync();
        int written = await writing;
        Assert.InRange(written, 1, 100_010);
        connection.Client.ShutdownSend();
        Assert.Equal(position + written, await draining);
    });

    [Fact]
    public Task Only_one_may_write_at_a_time() => OnConnection(async connection =>
    {
        long position = await connection.Client.FillUpAsync();
        byte[] one = Transfer.Bytes(position, 1);
        ValueTask<int> writing = connection.Client.WriteAsync(one, default);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await connection.Client.WriteAsync(one, default));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await connection.Client.WriteVectoredAsync([one], default));
        Task<long> draining = connection.Server.ReadToEndAsync();
        Assert.Equal(1, await writing);
        connection.Client.ShutdownSend();
        Assert.Equal(position + 1, await draining);
    });

    [Fact]
    public Task A_write_to_a_connection_that_was_reset_fails() => OnConnection(async connection =>
    {
        connection.Server.Abort();
        Assert.Equal(
            SocketError.ConnectionReset, await ErrorOf(async () => await connection.Client.ReadAsync(new byte[1], default)));
        SocketError error = await ErrorOf(async () => await connection.Client.WriteAsync(s_hello, default));
        Assert.Contains(error, (SocketError[])[SocketError.ConnectionReset, SocketError.Shutdown, SocketError.ConnectionAborted]);
    });

    [Fact]
    public Task A_write_that_waits_ends_when_the_connection_is_reset() => OnConnection(async connection =>
    {
        await connection.Client.FillUpAsync();
        ValueTask<int> writing = connection.Client.WriteAsync(s_hello, default);
        connection.Server.Abort();
        SocketError error = await ErrorOf(async () => await writing);
        Assert.Contains(error, (SocketError[])[SocketError.ConnectionReset, SocketError.Shutdown, SocketError.ConnectionAborted]);
    });

    [Fact]
    public Task Whoever_writes_is_shown_with_the_other_end() => OnConnection(async connection =>
    {
        long position = await connection.Client.FillUpAsync();
        await TaskScope.RunAsync(async scope =>
        {
            ChildTask<int> child = scope.Spawn(
                async ct => await connection.Client.WriteAsync(Transfer.Bytes(position, 1), ct), "the writer");
            await Until(static () => Find("the writer").WaitsOn is not null);
            Assert.StartsWith($"write to {connection.Client.RemoteEndPoint}", Find("the writer").WaitsOn, StringComparison.Ordinal);
            Task<long> draining = connection.Server.ReadToEndAsync();
            Assert.Equal(1, await child);
            connection.Client.ShutdownSend();
            Assert.Equal(position + 1, await draining);
        });
    });
}
