namespace Treeline.Tests.Stress.Model;

/// <summary>What the product makes of a program is, instant by instant, what the contract says.</summary>
public sealed class ModelTests
{
    /// <summary>To look for rarer mistakes, run this with another first seed and more programs.</summary>
    [Theory]
    [InlineData(1, 2_500)]
    [InlineData(1_000_001, 2_500)]
    [InlineData(2_000_001, 2_500)]
    [InlineData(3_000_001, 2_500)]
    public void Whatever_a_program_does_it_ends_as_the_sequential_model_says(int firstSeed, int programs)
    {
        int run = 0;
        int seed = firstSeed;
        for (; run < programs; seed++)
        {
            ModelProgram program = ProgramGenerator.Generate(seed);
            if (Difference(program, out bool ambiguous) is not null)
            {
                new ProgramShrinker(static smaller => Difference(smaller, out _) is not null).Shrink(program);
                Assert.Fail(
                    $"Seed {seed}. As small as it gets:{Environment.NewLine}{ProgramPrinter.Print(program)}{Environment.NewLine}"
                    + Difference(program, out _));
            }

            run += ambiguous ? 0 : 1;
        }

        Assert.True(seed - firstSeed < programs * 3 / 2, $"Of {seed - firstSeed} programs, the contract says of {run} how they end.");
    }

    /// <summary>How they differ; null: they do not, or the contract does not say.</summary>
    private static string? Difference(ModelProgram program, out bool ambiguous)
    {
        List<string> expected;
        ambiguous = false;
        try
        {
            expected = SequentialModel.Run(program).Lines();
        }
        catch (AmbiguousException)
        {
            ambiguous = true;
            return null;
        }

        List<string> happened;
        try
        {
            happened = ProductRun.Run(program);
        }
        catch (Exception e)
        {
            return e.ToString();
        }

        if (happened.SequenceEqual(expected))
        {
            return null;
        }

        // What both say, what only the model says, what only the product did.
        IEnumerable<string> lines = expected.Union(happened).OrderBy(static line => line, StringComparer.Ordinal).Select(line =>
            !happened.Contains(line) ? $"expected  {line}" : !expected.Contains(line) ? $"got       {line}" : $"          {line}");
        return string.Join(Environment.NewLine, lines);
    }
}
