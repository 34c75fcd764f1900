namespace Treeline.Jobs.Tests;

public sealed class CpuHandlerTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(4, 2)]
    [InlineData(100, 25)]
    [InlineData(262_143, 23_000)]
    [InlineData(262_144, 23_000)]
    [InlineData(262_147, 23_001)]
    [InlineData(1_000_000, 78_498)]
    [InlineData(10_000_000, 664_579)]
    public void Primes_are_counted(int n, int primes) =>
        Assert.Equal(primes, CpuHandler.CountPrimes(n, CancellationToken.None));

    [Fact]
    public void Counting_agrees_with_trial_division()
    {
        int count = 0;
        for (int n = 1; n <= 2000; n++)
        {
            count += n > 1 && Enumerable.Range(2, (int)Math.Sqrt(n) - 1).All(divisor => n % divisor != 0) ? 1 : 0;
            Assert.Equal(count, CpuHandler.CountPrimes(n, CancellationToken.None));
        }
    }

    [Fact]
    public void Counting_looks_at_the_token() =>
        Assert.ThrowsAny<OperationCanceledException>(() => CpuHandler.CountPrimes(50_000_000, new CancellationToken(canceled: true)));
}
