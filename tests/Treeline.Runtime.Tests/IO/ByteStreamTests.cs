// What the operations return is looked at before it is awaited.
#pragma warning disable CA2012

using System.Net.Sockets;

namespace Treeline.Tests.IO;

public sealed class ByteStreamTests : TreeTest
{
    [Fact]
    public Task A_write_ends_when_all_is_written_however_little_fits_at_a_time() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory(capacity: 7);
        byte[] sent = Payload.Of(1_000);

        ValueTask write = ends.Here.WriteAsync(sent);

        Assert.False(write.IsCompleted);
        byte[] received = new byte[1_000];
        await ends.There.ReadExactlyAsync(received.AsMemory(0, 900));
        Assert.False(write.IsCompleted); // 93 bytes do not fit
        await ends.There.ReadExactlyAsync(received.AsMemory(900));
        await write;
        Assert.Equal(sent, received);
    });

    [Theory]
    [InlineData(Ends.Memory)]
    [InlineData(Ends.Tcp)]
    public Task More_than_fits_anywhere_is_written_and_read_whole(string kind) => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(kind);
        byte[] sent = Payload.Of(8 << 20);

        Task write = ends.Here.WriteAsync(sent).AsTask();
        byte[] received = new byte[sent.Length];
        await ends.There.ReadExactlyAsync(received);

        await write;
        Assert.True(sent.AsSpan().SequenceEqual(received));
    });

    [Fact]
    public void A_write_of_what_fits_ends_at_once()
    {
        using Ends ends = Ends.InMemory(capacity: 10);

        Assert.True(ends.Here.WriteAsync(new byte[10]).IsCompletedSuccessfully);
        Assert.True(ends.Here.WriteAsync(ReadOnlyMemory<byte>.Empty).IsCompletedSuccessfully);
        Assert.False(ends.Here.TryWrite(new byte[1], out _));
    }

    [Fact]
    public Task A_cancelled_write_of_some_has_written_nothing() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory(capacity: 4);
        await ends.Here.WriteAsync("full"u8.ToArray());
        using var cancel = new CancellationTokenSource();

        ValueTask<int> write = ends.Here.WriteSomeAsync("more"u8.ToArray(), cancel.Token);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await write);
        ends.Here.Shutdown();
        Assert.Equal("full"u8.ToArray(), await ends.There.ReadToEndAsync(100));
    });

    [Fact]
    public Task A_cancelled_write_ends_with_its_token() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory(capacity: 4);
        using var cancel = new CancellationTokenSource();

        Task write = ends.Here.WriteAsync(new byte[5], cancel.Token).AsTask();
        await cancel.CancelAsync();

        OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
        Assert.Equal(cancel.Token, error.CancellationToken);
        Assert.True(write.IsCanceled);
    });

    [Fact]
    public Task What_is_cancelled_already_does_nothing() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory();
        var cancelled = new CancellationToken(canceled: true);
        await ends.There.WriteAsync("abc"u8.ToArray());

        Assert.True(ends.Here.WriteAsync("x"u8.ToArray(), cancelled).IsCanceled);
        Assert.True(ends.Here.WriteAsync([ReadOnlyMemory<byte>.Empty], cancelled).IsCanceled);
        Assert.True(ends.Here.WriteSomeAsync("x"u8.ToArray(), cancelled).IsCanceled);
        Assert.True(ends.Here.ReadExactlyAsync(new byte[1], cancelled).IsCanceled);
        Assert.True(ends.Here.ReadToEndAsync(1, cancelled).IsCanceled);

        Assert.True(ends.Here.TryRead(new byte[10], out int read));
        Assert.Equal(3, read);
        Assert.False(ends.There.TryRead(new byte[10], out _));
    });

    [Theory]
    [InlineData(3)]
    [InlineData(1_000)]
    public Task Several_buffers_are_written_one_after_another(int capacity) => InTime(async () =>
    {
        using Ends ends = Ends.InMemory(capacity);
        byte[] all = Payload.Of(100);
        ReadOnlyMemory<byte>[] pieces = [default, all.AsMemory(0, 1), all.AsMemory(1, 9), default, default, all.AsMemory(10, 90), default];

        Task write = ends.Here.WriteAsync(pieces).AsTask();
        byte[] received = new byte[100];
        await ends.There.ReadExactlyAsync(received);

        await write;
        Assert.Equal(all, received);
        Assert.False(ends.There.TryRead(received, out _));
    });

    [Fact]
    public Task An_exact_read_waits_for_the_last_byte() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory();
        byte[] buffer = new byte[5];

        ValueTask read = ends.There.ReadExactlyAsync(buffer);
        await ends.Here.WriteAsync("abc"u8.ToArray());
        Assert.False(read.IsCompleted);
        await ends.Here.WriteAsync("defg"u8.ToArray());
        await read;

        Assert.Equal("abcde"u8, buffer);
        Assert.True(ends.There.ReadExactlyAsync(buffer.AsMemory(0, 2)).IsCompletedSuccessfully);
        Assert.Equal("fgcde"u8, buffer);
        Assert.True(ends.There.ReadExactlyAsync(Memory<byte>.Empty).IsCompletedSuccessfully);
    });

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public Task An_exact_read_of_a_stream_that_ends_early_says_how_far_it_came(int sent) => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(Ends.Tcp);
        await ends.Here.WriteAsync(new byte[sent]);
        ends.Here.Shutdown();

        EndOfStreamException error = await Assert.ThrowsAsync<EndOfStreamException>(async () => await ends.There.ReadExactlyAsync(new byte[5]));

        Assert.Contains($"after {sent} of the 5 bytes", error.Message, StringComparison.Ordinal);
        Assert.StartsWith("127.0.0.1:", error.Message, StringComparison.Ordinal);
    });

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(100_000)]
    public Task Reading_to_the_end_gives_all_that_was_sent(int length) => InTime(async () =>
    {
        using Ends ends = Ends.InMemory(capacity: 5_000);
        byte[] sent = Payload.Of(length);

        ValueTask<byte[]> read = ends.There.ReadToEndAsync(limit: length);
        await ends.Here.WriteAsync(sent);
        ends.Here.Shutdown();

        Assert.Equal(sent, await read);
    });

    [Fact]
    public Task Reading_to_the_end_takes_no_more_than_its_limit() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory();
        await ends.Here.WriteAsync(new byte[11]);

        InvalidDataException error = await Assert.ThrowsAsync<InvalidDataException>(async () => await ends.There.ReadToEndAsync(limit: 10));

        Assert.Contains("more than the 10 bytes", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await ends.There.ReadToEndAsync(-1));
    });

    [Theory]
    [InlineData(Ends.Memory)]
    [InlineData(Ends.Tcp)]
    public Task Looking_leaves_the_bytes_there(string kind) => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(kind);
        await ends.Here.WriteAsync("abc"u8.ToArray());
        byte[] buffer = new byte[10];

        Assert.Equal(3, await ends.There.PeekAsync(buffer));
        Assert.Equal(3, await ends.There.ReadAsync(buffer));
        Assert.Equal("abc"u8, buffer.AsSpan(0, 3));
        Assert.False(ends.There.TryRead(buffer, out _));
    });

    [Theory]
    [InlineData(Ends.Memory)]
    [InlineData(Ends.Tcp)]
    public Task A_select_wakes_when_bytes_are_there(string kind) => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(kind);
        using var stop = new CancellationTokenSource();
        byte[] buffer = new byte[10];
        ValueTask<string> select = new Select<string>()
            .On(ends.There.ReadableCase(), () => ends.There.TryRead(buffer, out int read) ? $"read {read}" : "nothing there")
            .On(SelectCase.Cancelled(stop.Token), () => "stopped")
            .WaitAsync();

        await ends.Here.WriteAsync("abc"u8.ToArray());

        Assert.Equal("read 3", await select);
    });

    [Theory]
    [InlineData(Ends.Memory)]
    [InlineData(Ends.Tcp)]
    public Task After_a_shutdown_the_other_end_reads_the_end_and_can_still_answer(string kind) => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(kind);
        await ends.Here.WriteAsync("ask"u8.ToArray());
        ends.Here.Shutdown();

        Assert.Equal("ask"u8.ToArray(), await ends.There.ReadToEndAsync(10));
        await ends.There.WriteAsync("answer"u8.ToArray());
        ends.There.Dispose();

        Assert.Equal("answer"u8.ToArray(), await ends.Here.ReadToEndAsync(10));
    });

    [Theory]
    [InlineData(Ends.Memory)]
    [InlineData(Ends.Tcp)]
    public Task After_an_abort_the_other_end_sees_a_reset(string kind) => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(kind);
        ValueTask read = ends.There.ReadExactlyAsync(new byte[5]);

        ends.Here.Abort();

        SocketException error = await Assert.ThrowsAsync<SocketException>(async () => await read);
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    });

    [Theory]
    [InlineData(Ends.Memory)]
    [InlineData(Ends.Tcp)]
    public Task Disposing_ends_what_is_in_flight(string kind) => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(kind);
        await ends.There.WriteAsync("ab"u8.ToArray());
        ValueTask read = ends.Here.ReadExactlyAsync(new byte[5]);
        ValueTask write = ends.Here.WriteAsync(new byte[64 << 20]);
        Assert.False(write.IsCompleted);

        ends.Here.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await read);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await write);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await ends.Here.ReadExactlyAsync(new byte[1]));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await ends.Here.WriteAsync(new byte[1]));
    });

    [Fact]
    public Task A_second_operation_of_a_kind_is_a_mistake() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory(capacity: 4);
        ValueTask read = ends.Here.ReadExactlyAsync(new byte[5]);
        ValueTask write = ends.Here.WriteAsync(new byte[5]);

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await ends.Here.ReadAsync(new byte[1]));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await ends.Here.WriteAsync(new byte[1]));

        ends.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await read);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await write);
    });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public Task A_read_that_is_cancelled_while_bytes_come_has_lost_none(int seed) => InTime(async () =>
    {
        // By ReadAsync; exact reads say that they are not so.
        using Ends ends = await Ends.OpenAsync(seed == 1 ? Ends.Memory : Ends.Tcp);
        byte[] sent = Payload.Of(200_000, seed);
        Task writer = Task.Run(async () =>
        {
            var random = new Random(seed);
            for (int at = 0; at < sent.Length;)
            {
                int length = Math.Min(random.Next(1, 2_000), sent.Length - at);
                await ends.Here.WriteAsync(sent.AsMemory(at, length));
                at += length;
                if (random.Next(4) == 0)
                {
                    await Task.Yield();
                }
            }

            ends.Here.Shutdown();
        });

        var received = new MemoryStream();
        byte[] buffer = new byte[4_096];
        int cancelled = 0;
        while (true)
        {
            using var cancel = new CancellationTokenSource();
            ValueTask<int> read = ends.There.ReadAsync(buffer, cancel.Token);
            Task cancelling = Task.Run(cancel.Cancel);
            try
            {
                int count = await read;
                if (count == 0)
                {
                    break;
                }

                received.Write(buffer, 0, count);
            }
            catch (OperationCanceledException)
            {
                cancelled++;
            }
            finally
            {
                await cancelling;
            }
        }

        await writer;
        Assert.True(sent.AsSpan().SequenceEqual(received.ToArray()), $"seed {seed}: {received.Length} of {sent.Length} after {cancelled} cancellations");
    });
}
