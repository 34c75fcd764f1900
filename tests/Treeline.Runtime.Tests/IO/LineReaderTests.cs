// What the operations return is looked at before it is awaited.
#pragma warning disable CA2012

using System.Text;
using Treeline.IO;
using Treeline.Testing;

namespace Treeline.Tests.IO;

public sealed class LineReaderTests : TreeTest
{
    [Theory]
    [InlineData("", new string[0])]
    [InlineData("a", new[] { "a" })]
    [InlineData("a\n", new[] { "a" })]
    [InlineData("a\r\nb\nc", new[] { "a", "b", "c" })]
    [InlineData("\n\r\n\n", new[] { "", "", "" })]
    [InlineData("a\rb\n", new[] { "a\rb" })]
    [InlineData("a\r", new[] { "a" })]
    [InlineData("żółć\n日本\n", new[] { "żółć", "日本" })]
    public Task Lines_are_what_stands_between_their_ends(string text, string[] expected) => InTime(async () =>
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        for (int piece = 1; piece <= bytes.Length + 1; piece++)
        {
            using Ends ends = Ends.InMemory(capacity: piece);
            using var lines = new LineReader(ends.There);
            ValueTask write = ends.Here.WriteAsync(bytes);
            var read = new List<string>();
            Task reading = Task.Run(async () =>
            {
                await foreach (string line in lines.ReadAllAsync())
                {
                    read.Add(line);
                }
            });

            await write;
            ends.Here.Shutdown();
            await reading;

            Assert.Equal(expected, read);
            Assert.Null(await lines.ReadLineAsync());
            Assert.False(await lines.ReadAsync());
        }
    });

    [Fact]
    public Task Bytes_that_are_no_text_are_replaced_or_read_as_bytes() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory();
        using var lines = new LineReader(ends.There);
        await ends.Here.WriteAsync(new byte[] { 0xFF, (byte)'\n', 0xFF, (byte)'\n' });

        Assert.Equal("\uFFFD", await lines.ReadLineAsync());
        Assert.True(await lines.ReadAsync());
        Assert.Equal([0xFF], lines.Line.ToArray());
    });

    [Theory]
    [InlineData("12345678\n", true)]
    [InlineData("12345678\r\n", true)]
    [InlineData("12345678", true)]
    [InlineData("12345678\r", true)]
    [InlineData("123456789\n", false)]
    [InlineData("123456789", false)]
    [InlineData("1234567890 and so on without an end", false)]
    public Task A_line_has_a_greatest_length(string text, bool fits) => InTime(async () =>
    {
        for (int piece = 1; piece <= text.Length; piece++)
        {
            using Ends ends = Ends.InMemory(capacity: piece);
            using var lines = new LineReader(ends.There, maxLength: 8);
            Task write = WriteAllAsync(ends.Here, Encoding.UTF8.GetBytes(text));
            if (fits)
            {
                Assert.Equal("12345678", await lines.ReadLineAsync());
                await write;
                continue;
            }

            string message = (await Assert.ThrowsAsync<InvalidDataException>(async () => await lines.ReadLineAsync())).Message;
            Assert.Contains("longer than 8 bytes", message, StringComparison.Ordinal);
            await Assert.ThrowsAsync<InvalidDataException>(async () => await lines.ReadLineAsync());
            ends.Dispose();
            await write.ContinueWith(static _ => { }, TaskScheduler.Default); // some of it may not have been read
        }
    });

    [Fact]
    public Task What_a_cancelled_read_has_seen_is_there_for_the_next() => InTime(async () =>
    {
        var source = new HandFed();
        using var lines = new LineReader(source);
        using var cancel = new CancellationTokenSource();
        ValueTask<string?> read = lines.ReadLineAsync(cancel.Token);
        source.Feed("half a "u8.ToArray());
        Assert.True(source.IsAwaited);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await read);

        source.Feed("line\nnext\n"u8.ToArray());

        Assert.Equal("half a line", await lines.ReadLineAsync());
        Assert.True(lines.ReadLineAsync(cancel.Token).IsCanceled);
        Assert.Equal("next", await lines.ReadLineAsync());
    });

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public Task No_line_is_lost_however_often_reads_are_cancelled(int seed) => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(seed % 2 == 0 ? Ends.Memory : Ends.Tcp);
        using var lines = new LineReader(ends.There);
        const int Count = 2_000;
        Task writer = Task.Run(async () =>
        {
            var random = new Random(seed);
            using var output = new LineWriter(ends.Here);
            for (int i = 0; i < Count; i++)
            {
                output.Append($"line {i} {new string('x', random.Next(50))}");
                if (random.Next(3) == 0)
                {
                    await output.FlushAsync();
                    await Task.Yield();
                }
            }

            await output.FlushAsync();
            ends.Here.Shutdown();
        });

        int next = 0;
        while (true)
        {
            using var cancel = new CancellationTokenSource();
            ValueTask<string?> read = lines.ReadLineAsync(cancel.Token);
            Task cancelling = Task.Run(cancel.Cancel);
            try
            {
                string? line = await read;
                if (line is null)
                {
                    break;
                }

                Assert.StartsWith($"line {next} ", line, StringComparison.Ordinal);
                next++;
            }
            catch (OperationCanceledException)
            {
            }
            finally
            {
                await cancelling;
            }
        }

        await writer;
        Assert.Equal(Count, next);
    });

    [Fact]
    public Task One_read_at_a_time() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory();
        using var lines = new LineReader(ends.There);
        ValueTask<string?> first = lines.ReadLineAsync();

        Assert.Contains("LineReader", Assert.Throws<InvalidOperationException>(() => lines.ReadAsync().IsCompleted).Message, StringComparison.Ordinal);

        await ends.Here.WriteAsync("a\n"u8.ToArray());
        Assert.Equal("a", await first);
    });

    [Fact]
    public Task Disposed_it_reads_no_more_and_leaves_the_stream_open() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory();
        var lines = new LineReader(ends.There);
        ValueTask<string?> read = lines.ReadLineAsync();

        lines.Dispose();
        lines.Dispose();

        Assert.Throws<ObjectDisposedException>(() => lines.ReadLineAsync().IsCompleted);
        await ends.Here.WriteAsync("a\n"u8.ToArray());
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await read);
        await ends.There.WriteAsync("still open"u8.ToArray());
    });

    [Fact]
    public Task Disposed_while_a_line_comes_it_gives_the_line_or_says_so() => InTime(async () =>
    {
        for (int round = 0; round < 1_000; round++)
        {
            using Ends ends = Ends.InMemory();
            using var lines = new LineReader(ends.There);
            Task<string?> read = lines.ReadLineAsync().AsTask();

            Parallel.Invoke(lines.Dispose, () => ends.Here.TryWrite("a line\n"u8, out _));

            try
            {
                Assert.Equal("a line", await read);
            }
            catch (ObjectDisposedException)
            {
            }
        }
    });

    [Fact]
    public void A_thousand_idle_readers_hold_no_buffers()
    {
        byte[] line = "a line\n"u8.ToArray();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000; i++)
        {
            var source = new HandFed();
            var lines = new LineReader(source);
            for (int j = 0; j < 3; j++)
            {
                Read(lines, source, line);
            }

            _ = lines.ReadAsync().AsTask();
            Assert.True(source.IsAwaited);
        }

        // One buffer each would be 16 MB.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 6_000_000);
    }

    [Fact]
    public Task An_idle_timeout_loses_nothing_of_a_line_that_is_half_there() => InTime(() => new VirtualTime().RunAsync(async _ =>
    {
        using Ends ends = Ends.InMemory();
        using var lines = new LineReader(ends.There);
        await ends.Here.WriteAsync("half a "u8.ToArray());

        await CancelScope.MoveOnAfterAsync(TimeSpan.FromSeconds(30), async ct => Assert.Fail(await lines.ReadLineAsync(ct)));
        await ends.Here.WriteAsync("line\n"u8.ToArray());

        Assert.Equal("half a line", await lines.ReadLineAsync());
    }));

    [Fact]
    public Task A_fiber_goes_on_on_its_executor() => InTime(async () =>
    {
        using var own = new DedicatedThread();
        using Ends ends = Ends.InMemory();
        using var lines = new LineReader(ends.There);
        await TaskScope.RunAsync(
            async scope =>
            {
                var reading = Signal();
                scope.Spawn(async ct =>
                {
                    ValueTask<bool> read = lines.ReadAsync(ct);
                    reading.SetResult();
                    Assert.True(await read);
                    Assert.True(own.IsCurrent);
                });
                await reading.Task;
                await ends.Here.WriteAsync("a\n"u8.ToArray());
            },
            new ScopeOptions { Executor = own });
    });

    [Fact]
    public void Warm_it_allocates_nothing()
    {
        var source = new HandFed();
        using var lines = new LineReader(source);
        byte[] whole = "one\ntwo\n"u8.ToArray();
        byte[] half = "thr"u8.ToArray();
        byte[] rest = "ee\n"u8.ToArray();
        using var token = new CancellationTokenSource();
        Warm.AllocatesNothing(() =>
        {
            var first = lines.ReadAsync(token.Token).ConfigureAwait(false).GetAwaiter();
            source.Feed(whole);
            Assert.True(first.GetResult());
            Assert.True(lines.ReadAsync(token.Token).GetAwaiter().GetResult());
            var third = lines.ReadAsync(token.Token).ConfigureAwait(false).GetAwaiter();
            source.Feed(half);
            Assert.False(third.IsCompleted);
            source.Feed(rest);
            Assert.True(third.GetResult());
            Assert.True(lines.Line.Span.SequenceEqual("three"u8));
        });
    }

    [Fact]
    public void What_it_is_made_of_is_checked()
    {
        Assert.Throws<ArgumentNullException>(() => new LineReader(null!));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LineReader(new HandFed(), maxLength: 0));
    }

    private static void Read(LineReader lines, HandFed source, byte[] line)
    {
        var read = lines.ReadAsync().ConfigureAwait(false).GetAwaiter();
        source.Feed(line);
        Assert.True(read.GetResult());
    }

    private static async Task WriteAllAsync(ByteStream stream, byte[] bytes)
    {
        await stream.WriteAsync(bytes);
        stream.Shutdown();
    }
}
