using Treeline.App.Commands;

namespace Treeline.App.Tests.Cli;

public sealed class DurationTests
{
    [Theory]
    [InlineData("0s", 0)]
    [InlineData("500ms", 500)]
    [InlineData("30s", 30_000)]
    [InlineData("1.5h", 5_400_000)]
    [InlineData("2d", 172_800_000)]
    [InlineData("00:00:30", 30_000)]
    [InlineData("1.00:00:00", 86_400_000)]
    public void Is_read(string text, double milliseconds)
    {
        Assert.True(Duration.TryParse(text, out TimeSpan duration));
        Assert.Equal(milliseconds, duration.TotalMilliseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("5 s")]
    [InlineData("-5s")]
    [InlineData("-00:00:05")]
    [InlineData("5y")]
    [InlineData("1.2.3s")]
    [InlineData("99999999999d")]
    public void Is_refused(string text) => Assert.False(Duration.TryParse(text, out _));
}
