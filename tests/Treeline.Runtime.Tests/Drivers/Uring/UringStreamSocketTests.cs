using System.Net.Sockets;
using Treeline.Net;
using Treeline.Tests.Net.Conformance;

namespace Treeline.Tests.Drivers.Uring;

public sealed class UringStreamSocketTests : UringTest
{
    [Fact]
    public Task What_was_written_is_sent_although_the_socket_is_closed_at_once() => OnDriver(async (_, network) =>
    {
        using Connection connection = await ConnectAsync(network);
        await connection.Server.WriteAllAsync(Transfer.Bytes(0, 50_000));
        connection.Server.Dispose();
        Assert.Equal(50_000, await connection.Client.ReadToEndAsync());
    });

    [Fact]
    public Task Closing_with_bytes_received_but_not_read_is_a_reset() => OnDriver(async (_, network) =>
    {
        using Connection connection = await ConnectAsync(network);
        await connection.Server.ReadableCaseAsync(() => connection.Client.WriteAllAsync(new byte[10]));
        connection.Server.Dispose();
        SocketException e = await Assert.ThrowsAsync<SocketException>(
            async () => await connection.Client.ReadAsync(new byte[1], default));
        Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
    });

    [Fact]
    public Task Closing_after_all_was_read_is_no_reset() => OnDriver(async (_, network) =>
    {
        using Connection connection = await ConnectAsync(network);
        await connection.Server.ReadableCaseAsync(() => connection.Client.WriteAllAsync(new byte[10]));
        await connection.Server.ReadExactlyAsync(10);
        connection.Server.Dispose();
        Assert.Equal(0, await connection.Client.ReadAsync(new byte[1], default));
    });

    [Fact]
    public Task A_send_that_failed_is_told_to_a_later_write() => OnDriver(async (_, network) =>
    {
        using Connection connection = await ConnectAsync(network);
        connection.Client.Abort();
        SocketException e = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            while (true)
            {
                await connection.Server.WriteAsync(new byte[100], default);
            }
        });
        Assert.Contains(e.SocketErrorCode, (SocketError[])[SocketError.ConnectionReset, SocketError.Shutdown]);
        Assert.Contains($"{connection.Server.RemoteEndPoint}", e.Message, StringComparison.Ordinal);

        // And again: it does not heal.
        await Assert.ThrowsAsync<SocketException>(async () => await connection.Server.WriteAsync(new byte[1], default));
        await connection.Server.WritableAsync(default);
    });

    [Fact]
    public Task Writes_of_all_sizes_arrive_in_order() => OnDriver(async (_, network) =>
    {
        const int Seed = 7;
        var random = new Random(Seed);
        using Connection connection = await ConnectAsync(network);
        Task<long> reading = connection.Server.ReadToEndAsync();
        long position = 0;
        while (position < 3_000_000)
        {
            int length = random.Next(4) switch
            {
                0 => random.Next(1, 100),
                1 => random.Next(1, 5_000),
                2 => random.Next(1, 20_000),
                _ => random.Next(1, 200_000),
            };
            byte[] bytes = Transfer.Bytes(position, length);
            switch (random.Next(3))
            {
                case 0:
                    position += await connection.Client.WriteAsync(bytes, default);
                    break;
                case 1:
                    int cut = random.Next(length);
                    position += await connection.Client.WriteVectoredAsync([bytes.AsMemory(0, cut), default, bytes.AsMemory(cut)], default);
                    break;
                default:
                    position += connection.Client.TryWrite(bytes, out int written) ? written : 0;
                    break;
            }
        }

        connection.Client.ShutdownSend();
        Assert.Equal(position, await reading);
    });

    [Fact]
    public Task Aborting_gives_up_what_waits_to_be_sent() => OnDriver(async (thread, network) =>
    {
        using Connection connection = await ConnectAsync(network);
        await connection.Client.FillUpAsync();
        ValueTask<int> writing = connection.Client.WriteAsync(new byte[1], default);
        Assert.False(writing.IsCompleted);
        connection.Client.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await writing);
        Assert.NotEqual(0, thread.Driver.Chunks.Rented); // it is being sent still
        connection.Client.Abort();
        await Until(() => thread.Driver.Chunks.Rented == 0);
    });

    [Fact]
    public Task A_number_of_a_closed_socket_that_another_gets_brings_it_nothing_of_the_former() => OnDriver(async (thread, network) =>
    {
        // Reads are in flight when sockets are closed, and bytes are on the way; the next sockets get the same descriptors and places.
        using ListenSocket listener = network.Listen(AnyPort, 64, reusePort: false);
        for (int round = 0; round < 300; round++)
        {
            Connection former = await Connection.OpenAsync(network, listener);
            ValueTask<int> reading = former.Server.ReadAsync(new byte[100], default);
            Assert.True(former.Client.TryWrite(new byte[100], out _));
            former.Server.Dispose();
            former.Client.Dispose();
            using Connection next = await Connection.OpenAsync(network, listener);
            byte[] bytes = Transfer.Bytes(round + 1000, 100);
            Task<byte[]> expected = next.Server.ReadExactlyAsync(100);
            await next.Client.WriteAllAsync(bytes);
            Assert.Equal(bytes, await expected);
            try
            {
                await reading;
            }
            catch (ObjectDisposedException)
            {
                // It was closed first.
            }
        }

        await Until(() => thread.Driver.Open == 1);
    });

    [Fact]
    public Task Whoever_does_not_read_holds_a_bounded_number_of_buffers() => OnDriver(
        async (thread, network) =>
        {
            const int Many = 8 << 20;
            using Connection connection = await ConnectAsync(network);
            ValueTask readable = connection.Server.ReadableAsync(default);
            Task sending = connection.Client.WriteAllAsync(Transfer.Bytes(0, Many));
            await readable;
            await Until(() => thread.Driver.Buffers.Held >= 16);
            Task<long> reading = connection.Server.ReadToEndAsync();
            await sending;
            connection.Client.ShutdownSend();
            Assert.Equal(Many, await reading);
            Assert.InRange(thread.Driver.Buffers.Made, 64, 512); // all of it would have been 2,048
        });
}
