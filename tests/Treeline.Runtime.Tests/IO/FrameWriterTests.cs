// What the operations return is looked at before it is awaited.
#pragma warning disable CA2012

using Treeline.IO;

namespace Treeline.Tests.IO;

public sealed class FrameWriterTests : TreeTest
{
    [Fact]
    public Task A_frame_has_its_length_in_front() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory();
        using var big = new FrameWriter(ends.Here);
        using var little = new FrameWriter(ends.Here, new LengthPrefix { Size = 2, IsLittleEndian = true });

        await big.WriteAsync("abc"u8);
        await little.WriteAsync("d"u8);
        big.Append("e"u8);
        await big.FlushAsync();
        ends.Here.Shutdown();

        Assert.Equal("\0\0\0\u0003abc\u0001\0d\0\0\0\u0001e"u8.ToArray(), await ends.There.ReadToEndAsync(100));
    });

    [Fact]
    public void A_frame_that_cannot_be_told_or_taken_is_not_sent()
    {
        using Ends ends = Ends.InMemory();
        using var small = new FrameWriter(ends.Here, new LengthPrefix { Size = 1 });
        using var limited = new FrameWriter(ends.Here, new LengthPrefix { MaxLength = 10 });

        Assert.Contains("256 bytes; 255 are the most", Assert.Throws<ArgumentException>(() => small.Append(new byte[256])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => limited.WriteAsync(new byte[11]).IsCompleted);
        Assert.False(ends.There.TryRead(new byte[1], out _));
    }

    [Fact]
    public Task A_cancelled_write_has_written_nothing_or_all() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory(capacity: 5);
        using var frames = new FrameWriter(ends.Here);
        using var reader = new FrameReader(ends.There);
        using var cancel = new CancellationTokenSource();
        ValueTask begun = frames.WriteAsync("begun"u8, cancel.Token);
        await cancel.CancelAsync();
        await begun;
        using var again = new CancellationTokenSource();
        ValueTask waiting = frames.WriteAsync("waiting"u8, again.Token);
        await again.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await waiting);

        ValueTask last = frames.WriteAsync("last"u8);

        Assert.True(await reader.ReadAsync());
        Assert.Equal("begun"u8, reader.Frame.Span);
        Assert.True(await reader.ReadAsync());
        Assert.Equal("last"u8, reader.Frame.Span);
        await last;
        Assert.True(frames.WriteAsync(""u8, cancel.Token).IsCanceled);
        Assert.True(frames.FlushAsync(cancel.Token).IsCanceled);
    });

    [Fact]
    public void What_it_is_made_of_is_checked()
    {
        Assert.Throws<ArgumentNullException>(() => new FrameWriter(null!));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LengthPrefix { Size = 3 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new LengthPrefix { MaxLength = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new LengthPrefix { MaxLength = LengthPrefix.GreatestMaxLength + 1 });
        Assert.Equal(new LengthPrefix { Size = 4, MaxLength = 8 << 20 }, LengthPrefix.Default);
    }
}
