namespace Treeline.Bench.Echo;

/// <summary>
/// All servers under all loads, in turns: the servers live through the whole series, and who goes first changes from round
/// to round, so that a machine that slows down meanwhile slows all.
/// </summary>
internal sealed class EchoSeries
{
    // Until tiered compilation has settled.
    private static readonly TimeSpan s_firstWarmUp = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(0.5);

    private readonly Dictionary<(EchoSide Side, EchoLoad Load), List<EchoSample>> _samples = [];

    private EchoSeries(IReadOnlyList<EchoLoad> loads) => Loads = loads;

    public IReadOnlyList<EchoLoad> Loads { get; }

    /// <param name="sides">Who takes part.</param>
    /// <param name="loads">What they are asked.</param>
    /// <param name="rounds">How often each has its turn under each load.</param>
    /// <param name="workers">How many each has.</param>
    /// <param name="pinned">Servers to one core and the load to the other, or all wherever the system puts them.</param>
    public static EchoSeries Measure(
        IReadOnlyList<EchoSide> sides, IReadOnlyList<EchoLoad> loads, int rounds, int workers, bool pinned)
    {
        var series = new EchoSeries(loads);
        var servers = new List<EchoProcess>();
        try
        {
            foreach (EchoSide side in sides)
            {
                servers.Add(EchoProcess.Start(side, workers, pinned));
                RunOnce(servers[^1], new EchoLoad(64, 64, 1), s_firstWarmUp, s_window);
            }

            foreach (EchoLoad load in loads)
            {
                servers.ForEach(server => RunOnce(server, load, s_warmUp, s_warmUp));
                for (int round = 0; round < rounds; round++)
                {
                    for (int turn = 0; turn < servers.Count; turn++)
                    {
                        EchoProcess server = servers[(round + turn) % servers.Count];
                        series.Of(server.Side, load).Add(RunOnce(server, load, s_warmUp, s_window));
                    }
                }
            }

            return series;
        }
        finally
        {
            servers.ForEach(static server => server.Dispose());
        }
    }

    /// <summary>The median of a side's rounds under a load.</summary>
    public Estimate Median(EchoSide side, EchoLoad load, Func<EchoSample, double> what) => Estimate.Of(Of(side, load).Select(what));

    /// <summary>Ours over theirs, round by round.</summary>
    public Estimate Ratio(EchoSide ours, EchoSide theirs, EchoLoad load, Func<EchoSample, double> what) =>
        Estimate.Of(Of(ours, load).Zip(Of(theirs, load), (mine, other) => what(mine) / what(other)));

    /// <summary>The geometric mean over all loads of ours over theirs, round by round.</summary>
    public Estimate Mean(EchoSide ours, EchoSide theirs, Func<EchoSample, double> what) => Estimate.Of(
        Enumerable.Range(0, Of(ours, Loads[0]).Count).Select(round => Math.Exp(
            Loads.Average(load => Math.Log(what(Of(ours, load)[round]) / what(Of(theirs, load)[round]))))));

    private static EchoSample RunOnce(EchoProcess server, EchoLoad load, TimeSpan warmUp, TimeSpan window)
    {
        using LoadGenerator generator = LoadGenerator.Closed(server, load, warmUp, window);
        return generator.Run();
    }

    private List<EchoSample> Of(EchoSide side, EchoLoad load)
    {
        if (!_samples.TryGetValue((side, load), out List<EchoSample>? samples))
        {
            _samples.Add((side, load), samples = []);
        }

        return samples;
    }
}
