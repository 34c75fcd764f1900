using Treeline.IO;

namespace Treeline.Tests.IO;

public sealed class HalvesTests : TreeTest
{
    [Theory]
    [InlineData(Ends.Memory)]
    [InlineData(Ends.Tcp)]
    public Task Two_tasks_have_a_half_each(string kind) => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(kind);
        byte[] sent = Payload.Of(300_000);
        (ReadHalf read, WriteHalf write) = ends.Here.Split();

        await TaskScope.RunAsync(async scope =>
        {
            scope.Spawn(async ct =>
            {
                using (write)
                {
                    await write.WriteAsync(sent, ct);
                }
            });
            scope.Spawn(async ct =>
            {
                await Bytes.CopyAsync(ends.There, ends.There, ct);
                ends.There.Shutdown();
            });
            byte[] echoed = new byte[sent.Length];
            await read.ReadExactlyAsync(echoed);
            Assert.True(sent.AsSpan().SequenceEqual(echoed));
            Assert.Equal(0, await read.ReadAsync(new byte[1]));
        });
        read.Dispose();
    });

    [Theory]
    [InlineData(Ends.Memory)]
    [InlineData(Ends.Tcp)]
    public Task Disposing_the_half_that_writes_sends_the_end(string kind) => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(kind);
        (ReadHalf read, WriteHalf write) = ends.Here.Split();
        await write.WriteAsync("last words"u8.ToArray());

        write.Dispose();

        Assert.Equal("last words"u8.ToArray(), await ends.There.ReadToEndAsync(100));
        await ends.There.WriteAsync("heard"u8.ToArray());
        byte[] answer = new byte[5];
        await read.ReadExactlyAsync(answer);
        Assert.Equal("heard"u8, answer);
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task The_stream_is_closed_when_both_are_disposed(bool readFirst) => InTime(async () =>
    {
        using Ends ends = Ends.InMemory();
        (ReadHalf read, WriteHalf write) = ends.Here.Split();
        (IDisposable first, IDisposable second) = readFirst ? ((IDisposable)read, (IDisposable)write) : (write, read);

        first.Dispose();
        first.Dispose();
        ValueTask<int> peer = ends.There.ReadAsync(new byte[1]);
        Assert.Equal(!readFirst, peer.IsCompleted);
        await (readFirst ? write.WriteAsync("x"u8.ToArray()) : ends.There.WriteAsync("x"u8.ToArray()));
        await peer;
        second.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await ends.Here.ReadAsync(new byte[1]));
        second.Dispose();
    });

    [Fact]
    public void A_half_that_is_disposed_says_so()
    {
        using Ends ends = Ends.InMemory();
        (ReadHalf read, WriteHalf write) = ends.Here.Split();
        read.Dispose();
        write.Dispose();

        Assert.Equal(typeof(ReadHalf).FullName, Assert.Throws<ObjectDisposedException>(() => read.TryRead(new byte[1], out _)).ObjectName);
        Assert.Equal(typeof(WriteHalf).FullName, Assert.Throws<ObjectDisposedException>(() => write.TryWrite(new byte[1], out _)).ObjectName);
        Assert.Throws<ObjectDisposedException>(() => read.Reunite(write));
    }

    [Fact]
    public void A_stream_is_split_once()
    {
        using Ends ends = Ends.InMemory();
        ends.Here.Split();

        Assert.Contains("split already", Assert.Throws<InvalidOperationException>(() => ends.Here.Split()).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => ends.Here.AsDuplexPipe());
    }

    [Fact]
    public Task Reunited_halves_are_the_stream_again() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory();
        (ReadHalf read, WriteHalf write) = ends.Here.Split();

        Assert.Same(ends.Here, read.Reunite(write));

        Assert.Throws<ObjectDisposedException>(() => write.Shutdown());
        Assert.Throws<ObjectDisposedException>(() => read.Reunite(write));
        read.Dispose();
        write.Dispose();
        await ends.Here.WriteAsync("still open"u8.ToArray());
        ends.Here.Split();
    });

    [Fact]
    public void Halves_of_two_streams_are_no_stream()
    {
        using Ends ends = Ends.InMemory();
        (ReadHalf read, _) = ends.Here.Split();
        (_, WriteHalf write) = ends.There.Split();

        Assert.Throws<ArgumentException>(() => read.Reunite(write));
        Assert.False(read.TryRead(new byte[1], out _));
    }

    [Theory]
    [InlineData(Ends.Memory)]
    [InlineData(Ends.Tcp)]
    public Task A_half_is_disposed_without_errors_when_the_connection_is_gone(string kind) => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(kind);
        (ReadHalf read, WriteHalf write) = ends.Here.Split();
        ends.There.Abort();
        await Assert.ThrowsAnyAsync<Exception>(async () => await read.ReadAsync(new byte[1]));

        write.Dispose();
        read.Dispose();

        using Ends others = await Ends.OpenAsync(kind);
        (_, WriteHalf other) = others.Here.Split();
        others.Here.Dispose();
        other.Dispose();
    });

    [Fact]
    public void Two_threads_that_dispose_a_half_each_close_the_stream()
    {
        for (int round = 0; round < 500; round++)
        {
            using Ends ends = Ends.InMemory();
            (ReadHalf read, WriteHalf write) = ends.Here.Split();

            Parallel.Invoke(read.Dispose, write.Dispose);

            Assert.Throws<ObjectDisposedException>(() => ends.Here.TryRead(new byte[1], out _));
            Assert.True(ends.There.TryRead(new byte[1], out int count));
            Assert.Equal(0, count);
        }
    }

    [Fact]
    public Task A_half_waits_in_a_select() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory();
        (ReadHalf read, WriteHalf write) = ends.Here.Split();
        ValueTask<bool> select = new Select<bool>().On(read.ReadableCase(), () => read.TryRead(new byte[1], out _)).WaitAsync();
        await write.WritableAsync();

        Assert.True(ends.There.TryWrite("x"u8, out _));

        Assert.True(await select);
    });
}
