namespace Treeline.Tests.Stress;

public sealed class RandomProgramsTests : TreeTest
{
    /// <summary>To look for rarer mistakes, run this with another first seed and more programs.</summary>
    [Theory]
    [InlineData(1, 1_000)]
    [InlineData(100_001, 1_000)]
    [InlineData(200_001, 1_000)]
    public Task Whatever_a_program_does_nothing_stays_behind_and_no_failure_is_lost(int firstSeed, int programs) =>
        InTime(async () =>
        {
            for (int seed = firstSeed; seed < firstSeed + programs; seed++)
            {
                Task run = new RandomProgram(seed).RunAsync();
                if (await Task.WhenAny(run, Task.Delay(TimeSpan.FromSeconds(30))) != run)
                {
                    Assert.Fail($"Seed {seed} hangs:{Environment.NewLine}{Dump()}");
                }

                await run;
                Assert.True(
                    All().All(static node => node.Name != "program"),
                    $"Seed {seed} left something in the tree:{Environment.NewLine}{Dump()}");
            }
        });
}
