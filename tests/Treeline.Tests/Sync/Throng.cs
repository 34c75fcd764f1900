using System.Diagnostics;
using System.Globalization;
using Treeline.TestSupport.Linearizability;
using Treeline.TestSupport.Sync;

namespace Treeline.Tests.Sync;

/// <summary>Callers of one primitive on real threads.</summary>
internal sealed class Throng(int seed)
{
    private static readonly TimeSpan s_time = TimeSpan.FromMilliseconds(500);

    /// <summary>Tries again and again, for a while, with another seed each time, which is told if it fails.</summary>
    public static async Task RepeatAsync(Func<Throng, Task> round)
    {
        int seed = Environment.GetEnvironmentVariable("TREELINE_SEED") is { } given
            ? int.Parse(given, CultureInfo.InvariantCulture)
            : Environment.TickCount;
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < s_time; seed++)
        {
            try
            {
                await round(new Throng(seed));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"Seed {seed} failed: {e.Message}", e);
            }
        }
    }

    /// <summary>Lets each caller do what <paramref name="use"/> says, and gives what they saw.</summary>
    public async Task<History> GatherAsync(Func<Crowd, int, Random, Task> use)
    {
        var history = new History();
        var pauses = new Random(seed);
        var crowd = new Crowd(history, DawdleAsync);
        await Task.WhenAll(Enumerable.Range(0, Crowd.Size).Select(
            caller => Task.Run(() => use(crowd, caller, new Random((seed * Crowd.Size) + caller)))));
        return history;

        async Task DawdleAsync()
        {
            int yields;
            lock (pauses)
            {
                yields = pauses.Next(4);
            }

            for (int i = 0; i < yields; i++)
            {
                await Task.Yield();
                Thread.SpinWait(20 * i);
            }
        }
    }
}
