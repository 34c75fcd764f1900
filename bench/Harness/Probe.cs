using System.Diagnostics;

namespace Treeline.Bench;

/// <summary>
/// Hands in a piece of work every millisecond or so from a thread of its own, and notes how long each waits until it
/// runs. It does not wait for one before it hands in the next: else a stall would be seen once, not by all it delays.
/// </summary>
internal static class Probe
{
    /// <returns>The delays in nanoseconds, shortest first.</returns>
    public static async Task<double[]> DelaysAsync(int count, Action<Action> handIn)
    {
        var delays = new double[count];
        var pending = new Countdown(count);
        var thread = new Thread(() =>
        {
            for (int i = 0; i < count; i++)
            {
                int place = i;
                long start = Stopwatch.GetTimestamp();
                handIn(() =>
                {
                    delays[place] = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
                    pending.Signal();
                });
                Thread.Sleep(1);
            }
        })
        {
            IsBackground = true,
            Name = "bench probe",
        };
        thread.Start();
        await pending.Zero;
        Array.Sort(delays);
        return delays;
    }
}
