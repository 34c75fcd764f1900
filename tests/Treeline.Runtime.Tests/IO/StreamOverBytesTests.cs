// What the operations return is looked at before it is awaited.
#pragma warning disable CA2012

// All ways to read and write are tried.
#pragma warning disable CA1835

using System.Net.Sockets;
using Treeline.IO;

namespace Treeline.Tests.IO;

public sealed class StreamOverBytesTests : TreeTest
{
    [Theory]
    [InlineData(Ends.Memory)]
    [InlineData(Ends.Tcp)]
    public Task It_reads_and_writes_in_every_way_a_stream_can(string kind) => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(kind);
        using Stream here = ends.Here.AsStream();
        using Stream there = ends.There.AsStream();
        byte[] buffer = new byte[10];

        await here.WriteAsync("a"u8.ToArray());
        await here.WriteAsync("xbx"u8.ToArray(), 1, 1, CancellationToken.None);
        here.Write("c"u8);
        here.Write("xdx"u8.ToArray(), 1, 1);
        here.WriteByte((byte)'e');
        await Task.Factory.FromAsync(here.BeginWrite, here.EndWrite, "f"u8.ToArray(), 0, 1, null);
        await here.FlushAsync();
        here.Flush();

        Assert.Equal(1, await there.ReadAsync(buffer.AsMemory(0, 1)));
        Assert.Equal(1, await there.ReadAsync(buffer, 1, 1, CancellationToken.None));
        Assert.Equal(1, there.Read(buffer.AsSpan(2, 1)));
        Assert.Equal(1, there.Read(buffer, 3, 1));
        Assert.Equal('e', there.ReadByte());
        Assert.Equal(1, await Task.Factory.FromAsync(there.BeginRead, there.EndRead, buffer, 5, 1, null));
        Assert.Equal("abcd\0f"u8, buffer.AsSpan(0, 6));

        ends.Here.Shutdown();
        Assert.Equal(0, await there.ReadAsync(buffer));
        Assert.Equal(0, there.Read(buffer));
        Assert.Equal(-1, there.ReadByte());
    });

    [Fact]
    public void It_says_what_it_can()
    {
        using Ends ends = Ends.InMemory();
        Stream both = ends.Here.AsStream();
        (ReadHalf read, WriteHalf write) = ends.There.Split();
        using Stream reads = read.AsStream();
        using Stream writes = write.AsStream();

        Assert.Equal((true, true, false, true), (both.CanRead, both.CanWrite, both.CanSeek, both.CanTimeout));
        Assert.Equal((true, false), (reads.CanRead, reads.CanWrite));
        Assert.Equal((false, true), (writes.CanRead, writes.CanWrite));
        Assert.Throws<NotSupportedException>(() => reads.Write([1]));
        Assert.Throws<NotSupportedException>(() => writes.Read(new byte[1]));
        Assert.Throws<NotSupportedException>(() => both.Length);
        Assert.Throws<NotSupportedException>(() => both.Position);
        Assert.Throws<NotSupportedException>(() => both.Position = 1);
        Assert.Throws<NotSupportedException>(() => both.Seek(0, SeekOrigin.Begin));
        Assert.Throws<NotSupportedException>(() => both.SetLength(1));
        Assert.Equal((Timeout.Infinite, Timeout.Infinite), (both.ReadTimeout, both.WriteTimeout));
        Assert.Throws<ArgumentOutOfRangeException>(() => both.ReadTimeout = 0);

        both.Dispose();
        Assert.Equal((false, false), (both.CanRead, both.CanWrite));
        Assert.Throws<ObjectDisposedException>(() => both.Read(new byte[1]));
        Assert.Throws<ObjectDisposedException>(() => both.Write(new byte[1]));
    }

    [Fact]
    public Task Disposing_it_closes_the_connection() => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(Ends.Tcp);
        Stream here = ends.Here.AsStream();
        ValueTask<int> read = here.ReadAsync(new byte[1]);

        await here.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await read);
        Assert.Equal(0, await ends.There.ReadAsync(new byte[1]));
    });

    [Fact]
    public Task Errors_are_those_of_streams() => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(Ends.Tcp);
        using Stream here = ends.Here.AsStream();
        Task<int> read = here.ReadAsync(new byte[1]).AsTask();

        ends.There.Abort();

        IOException error = await Assert.ThrowsAsync<IOException>(() => read);
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(error.InnerException).SocketErrorCode);
        Assert.Contains("127.0.0.1", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<IOException>(async () =>
        {
            while (true)
            {
                await here.WriteAsync(new byte[1_000]);
            }
        });
        Assert.Throws<IOException>(() => here.Write(new byte[1_000]));
    });

    [Theory]
    [InlineData(Ends.Memory)]
    [InlineData(Ends.Tcp)]
    public Task A_read_into_nothing_waits_until_there_is_something(string kind) => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(kind);
        using Stream there = ends.There.AsStream();

        ValueTask<int> read = there.ReadAsync(Memory<byte>.Empty);
        Assert.False(read.IsCompleted);
        await ends.Here.WriteAsync("a"u8.ToArray());

        Assert.Equal(0, await read);
        Assert.Equal(0, there.Read([]));
        Assert.Equal('a', there.ReadByte());
    });

    [Theory]
    [InlineData(Ends.Memory)]
    [InlineData(Ends.Tcp)]
    public Task A_cancelled_read_took_nothing(string kind) => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(kind);
        using Stream there = ends.There.AsStream();
        using var cancel = new CancellationTokenSource();
        Task<int> read = there.ReadAsync(new byte[5], 0, 5, cancel.Token);
        await cancel.CancelAsync();

        Assert.Equal(cancel.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read)).CancellationToken);
        Assert.True(read.IsCanceled);
        Assert.True(there.ReadAsync(new byte[1], cancel.Token).IsCanceled);
        Assert.True(there.WriteAsync(new byte[1], cancel.Token).IsCanceled);
        Assert.True(there.FlushAsync(cancel.Token).IsCanceled);
        await ends.Here.WriteAsync("a"u8.ToArray());
        Assert.Equal('a', there.ReadByte());
    });

    [Fact]
    public Task Reads_and_writes_that_block_wait() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory(capacity: 10);
        using Stream here = ends.Here.AsStream();
        using Stream there = ends.There.AsStream();
        byte[] sent = Payload.Of(10_000);
        Task write = Task.Factory.StartNew(() => here.Write(sent), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        byte[] received = new byte[sent.Length];
        there.ReadExactly(received);

        await write;
        Assert.Equal(sent, received);
    });

    [Fact]
    public void Blocking_has_a_time_limit()
    {
        using Ends ends = Ends.InMemory(capacity: 1);
        using Stream here = ends.Here.AsStream();
        here.ReadTimeout = 1;
        here.WriteTimeout = 1;

        var read = Assert.IsType<SocketException>(Assert.Throws<IOException>(() => here.Read(new byte[1])).InnerException);
        var write = Assert.IsType<SocketException>(Assert.Throws<IOException>(() => here.Write(new byte[2])).InnerException);
        Assert.Equal((SocketError.TimedOut, SocketError.TimedOut), (read.SocketErrorCode, write.SocketErrorCode));
        Assert.Equal((1, 1), (here.ReadTimeout, here.WriteTimeout));
    }
}
