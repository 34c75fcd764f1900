using System.Diagnostics;
using Treeline;

namespace Backpressure;

/// <summary>How much memory a program held, from its beginning to its end.</summary>
internal sealed class MemoryCurve
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(50);

    private readonly List<(TimeSpan At, double Megabytes)> _points = [];

    public IReadOnlyList<(TimeSpan At, double Megabytes)> Points => _points;

    public double PeakMegabytes => _points.Max(static point => point.Megabytes);

    public TimeSpan Duration => _points[^1].At;

    /// <summary>Looks every 50 ms at what is alive on the heap, while <paramref name="run"/> runs.</summary>
    public static async Task<MemoryCurve> RecordAsync(Func<Task> run)
    {
        var curve = new MemoryCurve();
        var since = Stopwatch.StartNew();
        double before = Megabytes();
        await TaskScope.RunAsync(async scope =>
        {
            scope.Spawn(
                async ct =>
                {
                    while (true)
                    {
                        curve._points.Add((since.Elapsed, Megabytes() - before));
                        await Clock.Delay(s_interval, ct);
                    }
                },
                "memory");
            await run();
            scope.Cancel("all has been handled");
        });
        return curve;
    }

    private static double Megabytes() => GC.GetTotalMemory(forceFullCollection: true) / (1024.0 * 1024.0);
}
