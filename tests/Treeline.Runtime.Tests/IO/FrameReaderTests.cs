// What the operations return is looked at before it is awaited.
#pragma warning disable CA2012

using Treeline.IO;

namespace Treeline.Tests.IO;

public sealed class FrameReaderTests : TreeTest
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    [InlineData(4, false)]
    [InlineData(4, true)]
    [InlineData(8, false)]
    [InlineData(8, true)]
    public Task What_a_writer_writes_a_reader_reads(int size, bool littleEndian) => InTime(async () =>
    {
        var prefix = new LengthPrefix { Size = size, IsLittleEndian = littleEndian, MaxLength = 100_000 };
        using Ends ends = Ends.InMemory(capacity: 1_000);
        byte[][] sent = [[], [1], Payload.Of(200), Payload.Of(size == 1 ? 255 : size == 2 ? 65_535 : 100_000), []];
        Task write = Task.Run(async () =>
        {
            using var writer = new FrameWriter(ends.Here, prefix);
            foreach (byte[] frame in sent)
            {
                await writer.WriteAsync(frame);
            }

            ends.Here.Shutdown();
        });

        using var reader = new FrameReader(ends.There, prefix);
        foreach (byte[] frame in sent)
        {
            Assert.True(await reader.ReadAsync());
            Assert.True(reader.Frame.Span.SequenceEqual(frame));
        }

        Assert.False(await reader.ReadAsync());
        Assert.True(reader.Frame.IsEmpty);
        await write;
    });

    [Fact]
    public Task Frames_come_whole_however_they_are_cut_on_the_way() => InTime(async () =>
    {
        byte[] bytes = [0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 1, 9];
        for (int piece = 1; piece <= bytes.Length; piece++)
        {
            using Ends ends = Ends.InMemory(piece);
            using var reader = new FrameReader(ends.There);
            ValueTask write = ends.Here.WriteAsync(bytes);
            Assert.True(await reader.ReadAsync());
            Assert.Equal([1, 2, 3], reader.Frame.ToArray());
            Assert.True(await reader.ReadAsync());
            Assert.Equal([], reader.Frame.ToArray());
            Assert.True(await reader.ReadAsync());
            Assert.Equal([9], reader.Frame.ToArray());
            await write;
        }
    });

    [Fact]
    public Task A_frame_that_is_too_long_is_told_by_its_length_alone() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory();
        using var reader = new FrameReader(ends.There, new LengthPrefix { Size = 8, MaxLength = 10 });
        await ends.Here.WriteAsync(new byte[] { 255, 255, 255, 255, 255, 255, 255, 255 });

        string message = (await Assert.ThrowsAsync<InvalidDataException>(async () => await reader.ReadAsync())).Message;

        Assert.Contains($"{ulong.MaxValue} bytes is announced by Treeline.IO.DuplexStream; 10 are taken", message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidDataException>(async () => await reader.ReadAsync());
    });

    [Theory]
    [InlineData(2, "after 2 of its 4 bytes")]
    [InlineData(4, "after 0 of its 3 bytes")]
    [InlineData(6, "after 2 of its 3 bytes")]
    public Task A_stream_that_ends_within_a_frame_is_an_error(int sent, string message) => InTime(async () =>
    {
        using Ends ends = Ends.InMemory();
        using var reader = new FrameReader(ends.There);
        await ends.Here.WriteAsync(new byte[] { 0, 0, 0, 3, 1, 2, 3 }.AsMemory(0, sent));
        ends.Here.Shutdown();

        EndOfStreamException error = await Assert.ThrowsAsync<EndOfStreamException>(async () => await reader.ReadAsync());

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<EndOfStreamException>(async () => await reader.ReadAsync());
    });

    [Fact]
    public void What_a_cancelled_read_has_seen_is_there_for_the_next()
    {
        var source = new HandFed();
        using var reader = new FrameReader(source);
        using var cancel = new CancellationTokenSource();
        Task<bool> read = reader.ReadAsync(cancel.Token).AsTask();
        source.Feed(new byte[] { 0, 0, 0, 3, 1 });
        Assert.True(source.IsAwaited);
        cancel.Cancel();
        Assert.True(SpinWait.SpinUntil(() => read.IsCompleted, TimeSpan.FromSeconds(10)));
        Assert.True(read.IsCanceled);

        source.Feed(new byte[] { 2, 3 });

        Assert.True(reader.ReadAsync() is { IsCompletedSuccessfully: true });
        Assert.Equal([1, 2, 3], reader.Frame.ToArray());
    }

    [Fact]
    public Task An_announced_length_takes_no_memory_before_the_bytes_come() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory();
        using var reader = new FrameReader(ends.There, new LengthPrefix { MaxLength = LengthPrefix.GreatestMaxLength });
        long before = GC.GetTotalAllocatedBytes();
        ValueTask<bool> read = reader.ReadAsync();
        await ends.Here.WriteAsync(new byte[] { 0x40, 0, 0, 0, 1 });
        ends.Here.Shutdown();

        await Assert.ThrowsAsync<EndOfStreamException>(async () => await read);

        Assert.True(GC.GetTotalAllocatedBytes() - before < 10_000_000);
    });

    [Fact]
    public void Warm_it_allocates_nothing()
    {
        var source = new HandFed();
        using var reader = new FrameReader(source);
        byte[] half = [0, 0, 0, 3, 1];
        byte[] rest = [2, 3];
        Warm.AllocatesNothing(() =>
        {
            var read = reader.ReadAsync().ConfigureAwait(false).GetAwaiter();
            source.Feed(half);
            source.Feed(rest);
            Assert.True(read.GetResult());
            Assert.True(reader.Frame.Length == 3);
        });
    }

    [Fact]
    public void What_it_is_made_of_is_checked() => Assert.Throws<ArgumentNullException>(() => new FrameReader(null!));
}
