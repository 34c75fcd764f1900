using Xunit.Abstractions;

namespace Treeline.Jobs.Tests;

public sealed class BackoffTests(ITestOutputHelper output)
{
    private static readonly TimeSpan s_base = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_cap = TimeSpan.FromMinutes(5);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 4)]
    [InlineData(9, 256)]
    [InlineData(10, 300)]
    [InlineData(100, 300)]
    public void The_longest_wait_doubles_up_to_the_cap(int attempt, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), new Backoff(s_base, s_cap, Random.Shared).Longest(attempt));

    [Fact]
    public void The_wait_is_spread_evenly_over_all_of_it()
    {
        const int seed = 42;
        output.WriteLine($"seed {seed}");
        var backoff = new Backoff(s_base, s_cap, new Random(seed));

        double[] parts = [.. Enumerable.Range(0, 4000).Select(_ => backoff.After(5) / backoff.Longest(5))];

        for (int tenth = 0; tenth < 10; tenth++)
        {
            Assert.InRange(parts.Count(part => (int)(part * 10) == tenth), 320, 480);
        }
    }
}
