using System.Diagnostics;

namespace Treeline.Bench;

/// <summary>
/// Measures a row: both sides warm up for at least 1.5 s (tiered compilation has then settled), then take turns, so that
/// a machine that slows down meanwhile slows both. The ratio is taken round by round, and its median is quoted.
/// </summary>
internal sealed class Measurement
{
    private const int Rounds = 15;
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(1.5);

    private readonly List<Sample> _ours = [];
    private readonly List<Sample> _theirs = [];

    private Measurement(Row row) => Row = row;

    public Row Row { get; }

    public Sample Ours => MedianOf(_ours);

    public Sample Theirs => MedianOf(_theirs);

    /// <summary>The median of the rounds' ratios of elapsed time.</summary>
    public double Ratio => Median(Ratios);

    /// <summary>Half the distance between the quartiles of the rounds' ratios.</summary>
    public double Spread
    {
        get
        {
            double[] sorted = [.. Ratios.Order()];
            return (sorted[sorted.Length * 3 / 4] - sorted[sorted.Length / 4]) / 2;
        }
    }

    private IEnumerable<double> Ratios =>
        _ours.Zip(_theirs, static (ours, theirs) => ours.Nanoseconds / theirs.Nanoseconds);

    public static async Task<Measurement> TakeAsync(Row row)
    {
        await WarmUpAsync(row.Ours, row.Operations);
        await WarmUpAsync(row.Theirs, row.Operations);
        var measurement = new Measurement(row);
        for (int round = 0; round < Rounds; round++)
        {
            measurement._ours.Add(await TimeAsync(row.Ours, row.Operations));
            measurement._theirs.Add(await TimeAsync(row.Theirs, row.Operations));
        }

        return measurement;
    }

    private static async Task WarmUpAsync(Func<int, Task> side, int operations)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < s_warmUp)
        {
            await side(operations);
        }
    }

    private static async Task<Sample> TimeAsync(Func<int, Task> side, int operations)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long bytes = GC.GetTotalAllocatedBytes(precise: true);
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        await side(operations);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        cpu = Environment.CpuUsage.TotalTime - cpu;
        bytes = GC.GetTotalAllocatedBytes(precise: true) - bytes;
        return new Sample(
            elapsed.TotalNanoseconds / operations, cpu.TotalNanoseconds / operations, (double)bytes / operations);
    }

    private static Sample MedianOf(List<Sample> samples) => new(
        Median(samples.Select(static sample => sample.Nanoseconds)),
        Median(samples.Select(static sample => sample.CpuNanoseconds)),
        Median(samples.Select(static sample => sample.Bytes)));

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
