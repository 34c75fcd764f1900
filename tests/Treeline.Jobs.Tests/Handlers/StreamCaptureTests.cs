using System.Text;
using Xunit.Abstractions;

namespace Treeline.Jobs.Tests;

public sealed class StreamCaptureTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(100_000)]
    public async Task Beginning_end_and_length_are_those_of_the_stream(int length)
    {
        const int seed = 5;
        output.WriteLine($"seed {seed}");
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        for (int i = 0; i < length; i++)
        {
            bytes[i] = (byte)('a' + (bytes[i] % 26));
        }

        var capture = new StreamCapture(1000);
        await capture.ReadAsync(new MemoryStream(bytes), CancellationToken.None);

        string all = Encoding.UTF8.GetString(bytes);
        Assert.Equal(length, capture.Bytes);
        Assert.Equal(length > 1000, capture.Truncated);
        Assert.Equal(all[..Math.Min(length, 1000)], capture.Head(Encoding.UTF8));
        Assert.Equal(length <= 4096 ? all : "…" + all[^4096..], capture.Tail(Encoding.UTF8));
    }

    [Fact]
    public async Task A_character_cut_in_two_is_left_out()
    {
        var capture = new StreamCapture(4);

        await capture.ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes("abc€")), CancellationToken.None);

        Assert.Equal("abc", capture.Head(Encoding.UTF8));
        Assert.Equal("abc€", capture.Tail(Encoding.UTF8));
    }
}
