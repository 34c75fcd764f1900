namespace Treeline.Bench;

/// <summary>The median of several measurements of one thing, and half the distance between their quartiles.</summary>
internal readonly record struct Estimate(double Median, double Spread)
{
    public static Estimate Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return new Estimate(
            sorted[sorted.Length / 2], (sorted[sorted.Length * 3 / 4] - sorted[sorted.Length / 4]) / 2);
    }

    /// <summary>Greater than the ceiling by more than the spread. What was not measured is beyond nothing.</summary>
    public bool IsBeyond(double? ceiling) => Median - Spread > ceiling;
}
