using System.Diagnostics;

namespace Treeline.Bench;

/// <summary>Makes trials of work in this process.</summary>
internal static class Clock
{
    /// <summary>A trial that measures the time, processor time and bytes that the work took. It starts on the thread pool.</summary>
    public static Trial Timed(Func<int, Task> work) => async operations =>
    {
        long bytes = GC.GetTotalAllocatedBytes(precise: true);
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        await Task.Run(() => work(operations));
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        cpu = Environment.CpuUsage.TotalTime - cpu;
        bytes = GC.GetTotalAllocatedBytes(precise: true) - bytes;
        return new Sample(
            elapsed.TotalNanoseconds / operations, cpu.TotalNanoseconds / operations, (double)bytes / operations);
    };
}
