// What the operations return is looked at before it is awaited.
#pragma warning disable CA2012

using System.Net.Sockets;
using Treeline.IO;

namespace Treeline.Tests.IO;

public sealed class BytesTests : TreeTest
{
    [Theory]
    [InlineData(Ends.Memory, 0)]
    [InlineData(Ends.Memory, 3_000_000)]
    [InlineData(Ends.Tcp, 3_000_000)]
    public Task A_copy_ends_with_its_source_and_leaves_the_target_open(string kind, int length) => InTime(async () =>
    {
        using Ends from = await Ends.OpenAsync(kind);
        using Ends to = await Ends.OpenAsync(kind);
        byte[] sent = Payload.Of(length);
        Task<long> copy = Bytes.CopyAsync(from.There, to.Here).AsTask();
        Task write = Task.Run(async () =>
        {
            await from.Here.WriteAsync(sent);
            from.Here.Shutdown();
        });

        byte[] received = new byte[length];
        await to.There.ReadExactlyAsync(received);

        await write;
        Assert.Equal(length, await copy);
        Assert.True(sent.AsSpan().SequenceEqual(received));
        await to.Here.WriteAsync("still open"u8.ToArray());
    });

    [Fact]
    public Task A_cancelled_copy_stops() => InTime(async () =>
    {
        using Ends from = Ends.InMemory();
        using Ends to = Ends.InMemory();
        using var cancel = new CancellationTokenSource();
        Task<long> copy = Bytes.CopyAsync(from.There, to.Here, cancel.Token).AsTask();

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copy);
        Assert.True(copy.IsCanceled);
        Assert.True(Bytes.CopyAsync(from.There, to.Here, cancel.Token).IsCanceled);
        Assert.True(Bytes.CopyBidirectionalAsync(from.There, to.Here, cancel.Token).IsCanceled);
    });

    [Theory]
    [InlineData(Ends.Memory)]
    [InlineData(Ends.Tcp)]
    public Task A_proxy_carries_both_directions_and_the_end_of_each(string kind) => InTime(async () =>
    {
        using Ends client = await Ends.OpenAsync(kind);
        using Ends server = await Ends.OpenAsync(kind);
        byte[] request = Payload.Of(500_000);
        byte[] response = Payload.Of(700_000, seed: 2);
        ValueTask<(long AToB, long BToA)> proxy = Bytes.CopyBidirectionalAsync(client.There, server.Here);

        Task serving = Task.Run(async () =>
        {
            // It sees the end of the request, and answers only then.
            byte[] asked = await server.There.ReadToEndAsync(request.Length);
            Assert.True(request.AsSpan().SequenceEqual(asked));
            await server.There.WriteAsync(response);
            server.There.Shutdown();
        });
        await client.Here.WriteAsync(request);
        client.Here.Shutdown();
        byte[] received = await client.Here.ReadToEndAsync(response.Length);

        await serving;
        Assert.Equal((request.Length, response.Length), await proxy);
        Assert.True(response.AsSpan().SequenceEqual(received));
    });

    [Theory]
    [InlineData(Ends.Memory)]
    [InlineData(Ends.Tcp)]
    public Task The_first_error_of_a_proxy_ends_both_directions(string kind) => InTime(async () =>
    {
        using Ends client = await Ends.OpenAsync(kind);
        using Ends server = await Ends.OpenAsync(kind);
        ValueTask<(long AToB, long BToA)> proxy = Bytes.CopyBidirectionalAsync(client.There, server.Here);

        client.Here.Abort();

        SocketException error = await Assert.ThrowsAsync<SocketException>(async () => await proxy);
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        await server.There.WriteAsync("open: whoever made it closes it"u8.ToArray());
    });

    [Fact]
    public Task A_cancelled_proxy_stops_with_its_token() => InTime(async () =>
    {
        using Ends client = Ends.InMemory();
        using Ends server = Ends.InMemory();
        using var cancel = new CancellationTokenSource();
        Task<(long AToB, long BToA)> proxy = Bytes.CopyBidirectionalAsync(client.There, server.Here, cancel.Token).AsTask();

        await cancel.CancelAsync();

        Assert.Equal(cancel.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => proxy)).CancellationToken);
    });

    [Fact]
    public Task A_proxy_shows_in_the_tree() => InTime(async () =>
    {
        using Ends client = Ends.InMemory();
        using Ends server = Ends.InMemory();
        ValueTask<(long AToB, long BToA)> proxy = Bytes.CopyBidirectionalAsync(client.There, server.Here);

        await Until(static () => All().Exists(static node => node.Name == "a to b") && All().Exists(static node => node.Name == "b to a"));

        client.Here.Shutdown();
        server.There.Shutdown();
        Assert.Equal((0, 0), await proxy);
    });

    [Fact]
    public Task Lines_and_frames_go_over_any_stream() => InTime(async () =>
    {
        using var stream = new MemoryStream();
        using (var lines = new LineWriter(stream.AsByteWriter()))
        using (var frames = new FrameWriter(stream.AsByteWriter()))
        {
            await lines.WriteAsync("a line");
            await frames.WriteAsync("frame"u8);
            await stream.AsByteWriter().WriteAsync("\0\0"u8.ToArray());
        }

        stream.Position = 0;
        IByteReader source = stream.AsByteReader();
        byte[] line = new byte[7];
        await source.ReadableAsync();
        Assert.Equal(7, await source.ReadAsync(line));
        Assert.Equal("a line\n"u8, line);
        using var reader = new FrameReader(source);
        Assert.True(await reader.ReadAsync());
        Assert.Equal("frame"u8, reader.Frame.Span);
        Assert.Contains("after 2 of its 4", (await Assert.ThrowsAsync<EndOfStreamException>(async () => await reader.ReadAsync())).Message, StringComparison.Ordinal);
    });

    [Fact]
    public void A_stream_that_cannot_is_told_at_once()
    {
        using Ends ends = Ends.InMemory();
        (ReadHalf read, WriteHalf write) = ends.Here.Split();

        Assert.Throws<ArgumentException>(() => write.AsStream().AsByteReader());
        Assert.Throws<ArgumentException>(() => read.AsStream().AsByteWriter());
    }
}
