// What the operations return is looked at before it is awaited.
#pragma warning disable CA2012

using Treeline.IO;

namespace Treeline.Tests.IO;

public sealed class LineWriterTests : TreeTest
{
    [Fact]
    public Task Lines_are_written_with_their_ends() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory();
        using var windows = new LineWriter(ends.Here, "\r\n");
        using var unix = new LineWriter(ends.Here);

        await windows.WriteAsync("żółw");
        await windows.WriteAsync(""u8);
        await unix.WriteAsync("bytes"u8);
        ends.Here.Shutdown();

        Assert.Equal("żółw\r\n\r\nbytes\n"u8.ToArray(), await ends.There.ReadToEndAsync(100));
    });

    [Fact]
    public Task What_is_appended_is_sent_with_what_is_written_next() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory();
        using var lines = new LineWriter(ends.Here);
        lines.Append("a");
        lines.Append("b"u8);
        Assert.False(ends.There.TryRead(new byte[1], out _));

        await lines.WriteAsync("c");
        Assert.Equal("a\nb\nc\n"u8.ToArray(), await ReadAsync(ends.There, 6));

        lines.Append("d");
        await lines.FlushAsync();
        await lines.FlushAsync();
        Assert.Equal("d\n"u8.ToArray(), await ReadAsync(ends.There, 2));
    });

    [Fact]
    public Task A_line_longer_than_any_buffer_is_written_whole() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory(capacity: 100);
        using var lines = new LineWriter(ends.Here);
        using var reader = new LineReader(ends.There, maxLength: 1_000_000);
        string line = new('x', 1_000_000);

        ValueTask write = lines.WriteAsync(line);

        Assert.Equal(line, await reader.ReadLineAsync());
        await write;
    });

    [Fact]
    public Task A_line_with_an_end_in_it_is_a_mistake() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory();
        using var lines = new LineWriter(ends.Here);

        Assert.Throws<ArgumentException>(() => lines.Append("a\nb"));
        Assert.Throws<ArgumentException>(() => lines.Append("a\r"u8));
        Assert.Throws<ArgumentException>(() => lines.WriteAsync("a\nb").IsCompleted);

        await lines.WriteAsync("fine");
        Assert.Equal("fine\n"u8.ToArray(), await ReadAsync(ends.There, 5));
        Assert.Throws<ArgumentException>(() => new LineWriter(ends.Here, "\r"));
        Assert.Throws<ArgumentNullException>(() => new LineWriter(null!));
    });

    [Fact]
    public Task A_cancelled_write_has_written_nothing() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory(capacity: 4);
        using var lines = new LineWriter(ends.Here);
        await lines.WriteAsync("abc"); // the connection is full
        using var cancel = new CancellationTokenSource();

        Task write = lines.WriteAsync("lost", cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
        Assert.True(write.IsCanceled);
        Assert.True(lines.WriteAsync("lost", cancel.Token).IsCanceled);
        Assert.True(lines.WriteAsync("lost"u8, cancel.Token).IsCanceled);
        Assert.True(lines.FlushAsync(cancel.Token).IsCanceled);

        Assert.Equal("abc\n"u8.ToArray(), await ReadAsync(ends.There, 4));
        await lines.WriteAsync("d");
        Assert.Equal("d\n"u8.ToArray(), await ReadAsync(ends.There, 2));
    });

    [Fact]
    public Task A_write_that_is_cancelled_half_way_has_happened() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory(capacity: 4);
        using var lines = new LineWriter(ends.Here);
        using var cancel = new CancellationTokenSource();

        ValueTask write = lines.WriteAsync("half and half", cancel.Token);
        await cancel.CancelAsync();
        await write;

        ValueTask next = lines.WriteAsync("next");
        Assert.Equal("half and half\nnext\n"u8.ToArray(), await ReadAsync(ends.There, 19));
        await next;
    });

    [Fact]
    public Task What_was_appended_stays_when_the_line_after_it_is_cancelled() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory(capacity: 4);
        using var lines = new LineWriter(ends.Here);
        await lines.WriteAsync("abc");
        using var cancel = new CancellationTokenSource();
        lines.Append("kept");

        ValueTask flush = lines.FlushAsync(cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await flush);
        using var again = new CancellationTokenSource();
        ValueTask write = lines.WriteAsync("lost", again.Token);
        await again.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await write);

        ValueTask last = lines.FlushAsync();
        Assert.Equal("abc\nkept\n"u8.ToArray(), await ReadAsync(ends.There, 9));
        await last;
        Assert.False(ends.There.TryRead(new byte[1], out _));
    });

    [Theory]
    [InlineData(21)]
    [InlineData(22)]
    public Task Each_line_is_there_whole_or_not_at_all_however_often_writes_are_cancelled(int seed) => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(seed % 2 == 0 ? Ends.Memory : Ends.Tcp);
        var written = new List<string>();
        Task writer = Task.Run(async () =>
        {
            var random = new Random(seed);
            using var lines = new LineWriter(ends.Here);
            for (int i = 0; i < 300; i++)
            {
                string line = $"line {i} {new string('x', random.Next(40_000))}";
                using var cancel = new CancellationTokenSource();
                Task cancelling = random.Next(2) == 0 ? Task.CompletedTask : Task.Run(cancel.Cancel);
                try
                {
                    await lines.WriteAsync(line, cancel.Token);
                    written.Add(line);
                }
                catch (OperationCanceledException)
                {
                }

                await cancelling;
            }

            await lines.FlushAsync();
            ends.Here.Shutdown();
        });

        var read = new List<string>();
        using (var reader = new LineReader(ends.There))
        {
            await foreach (string line in reader.ReadAllAsync())
            {
                read.Add(line);
            }
        }

        await writer;
        Assert.True(written.SequenceEqual(read), $"seed {seed}: {written.Count} written, {read.Count} read");
    });

    [Fact]
    public Task One_write_at_a_time() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory(capacity: 4);
        using var lines = new LineWriter(ends.Here);
        ValueTask write = lines.WriteAsync("does not fit");

        Assert.Throws<InvalidOperationException>(() => lines.Append("b"));
        Assert.Throws<InvalidOperationException>(() => lines.WriteAsync("b").IsCompleted);
        Assert.Throws<InvalidOperationException>(() => lines.FlushAsync().IsCompleted);

        Assert.Equal("does not fit\n"u8.ToArray(), await ReadAsync(ends.There, 13));
        await write;
    });

    [Fact]
    public Task A_write_that_fails_leaves_the_writer_usable_for_saying_so_again() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory(capacity: 4);
        using var lines = new LineWriter(ends.Here);
        ValueTask write = lines.WriteAsync("does not fit");
        ends.Here.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await write);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await lines.WriteAsync("b"));
    });

    [Fact]
    public Task Disposed_it_writes_no_more_and_leaves_the_stream_open() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory(capacity: 4);
        var lines = new LineWriter(ends.Here);
        ValueTask write = lines.WriteAsync("abcdef");

        lines.Dispose();
        lines.Dispose();

        Assert.Throws<ObjectDisposedException>(() => lines.Append("b"));
        Assert.Equal("abcdef\n"u8.ToArray(), await ReadAsync(ends.There, 7));
        await write;
        await ends.Here.WriteAsync("open"u8.ToArray());
    });

    [Fact]
    public void Warm_it_allocates_nothing()
    {
        using Ends ends = Ends.InMemory();
        using var lines = new LineWriter(ends.Here);
        byte[] buffer = new byte[100];
        Warm.AllocatesNothing(() =>
        {
            lines.Append("one");
            lines.WriteAsync("two").GetAwaiter().GetResult();
            Assert.True(ends.There.TryRead(buffer, out int read) && read == 8);
        });
    }

    private static async Task<byte[]> ReadAsync(ByteStream stream, int count)
    {
        byte[] bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes);
        return bytes;
    }
}
