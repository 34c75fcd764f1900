using System.Diagnostics;

namespace Treeline.Bench;

/// <summary>Whoever takes part in the rounds of a row, with what each round cost it.</summary>
internal sealed class Contender(Trial trial)
{
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(1.5);

    private readonly List<Sample> _samples = [];

    public Estimate Figure => Estimate.Of(_samples.Select(static sample => sample.Figure));

    public Estimate Bytes => Estimate.Of(_samples.Select(static sample => sample.Bytes));

    /// <summary>Runs until tiered compilation has settled.</summary>
    public async Task WarmUpAsync(int operations)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < s_warmUp)
        {
            await RunOnceAsync(operations);
        }
    }

    /// <summary>Takes part in a round, with a clean heap.</summary>
    public async Task RunAsync(int operations)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        _samples.Add(await RunOnceAsync(operations));
    }

    /// <summary>What this one needed over what the other needed, round by round.</summary>
    public Estimate Over(Contender other, Func<Sample, double> what) =>
        Estimate.Of(_samples.Zip(other._samples, (mine, theirs) => what(mine) / what(theirs)));

    private async Task<Sample> RunOnceAsync(int operations)
    {
        Sample sample = await trial(operations);
        // Off the trial's stack, which still holds what it allocated.
        await Task.Yield();
        return sample;
    }
}
