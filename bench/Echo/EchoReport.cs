using System.Text;

namespace Treeline.Bench.Echo;

/// <summary>What <c>bench echo</c> found, as the Markdown of <c>docs/performance.md</c>.</summary>
internal sealed class EchoReport(
    EchoSeries pinned, EchoSeries twoWorkers, IReadOnlyDictionary<EchoSide, EchoFigures> figures, string versions)
{
    private const string Begin = "<!-- echo: begin (written by `bench echo --table`) -->";
    private const string End = "<!-- echo: end -->";
    private const string None = "–";

    private readonly StringBuilder _text = new();

    public void WriteInto(string file) => PageSection.Replace(file, Begin, End, ToString());

    public override string ToString()
    {
        _text.Clear();
        Line($"Measured on {Environment.ProcessorCount} cores with {versions}.\n");
        Ratios();
        Line($"");
        Figures();
        return _text.ToString();
    }

    private void Ratios()
    {
        Header(["load", "side", "ours", .. EchoSide.Others.Select(static side => $"ours / {side.Name}")]);
        foreach (EchoLoad load in pinned.Loads)
        {
            Each($"CPU a request, {load}", ours => Microseconds(pinned.Median(ours, load, static s => s.CpuPerRequest).Median),
                (ours, theirs) => Text(pinned.Ratio(ours, theirs, load, static s => s.CpuPerRequest)));
        }

        Each("CPU a request, geometric mean", static _ => None,
            (ours, theirs) => $"{Text(pinned.Mean(ours, theirs, static s => s.CpuPerRequest))} (≤ {theirs.Promise!.Mean:0.00})");
        Each("CPU a request, the worst load", static _ => None, (ours, theirs) => FormattableString.Invariant(
            $"{pinned.Loads.Max(load => pinned.Ratio(ours, theirs, load, static s => s.CpuPerRequest).Median):0.00} (≤ {theirs.Promise!.Worst:0.00})"));
        Throughput("one worker, pinned", pinned, static promise => promise.Pinned);
        Throughput("two workers", twoWorkers, static promise => promise.TwoWorkers);
    }

    private void Throughput(string workers, EchoSeries series, Func<EchoPromise, double> promised) =>
        Each($"requests a second, {workers}, geometric mean", static _ => None, (ours, theirs) => FormattableString.Invariant(
            $"{Text(series.Mean(ours, theirs, static s => s.RequestsPerSecond))} (≥ {promised(theirs.Promise!):0.00})"));

    private void Figures()
    {
        EchoSide[] sides = [.. figures.Keys];
        EchoLoad light = pinned.Loads[0];
        Header(["", .. sides.Select(static side => side.Name)]);
        Row("context switches a request, " + light, side => Number(pinned.Median(side, light, static s => s.SwitchesPerRequest).Median, "0.000"));
        string rate = $"{EchoFigures.RateConnections} connections, {EchoFigures.RateSize} B, {EchoFigures.Rate:N0} a second";
        Row($"latency p50, {rate}", side => Microseconds(figures[side].Latency.P50));
        Row("latency p99", side => Microseconds(figures[side].Latency.P99));
        Row("latency p99.9", side => Microseconds(figures[side].Latency.P999));
        Row($"heap of each of {EchoFigures.IdleConnections:N0} idle connections, beyond its buffer", side => Bytes(figures[side].IdleHeap));
        Row("resident memory of each of them, beyond its buffer", side => Bytes(figures[side].IdleResident));
        Row("allocated for a request", side => Bytes(figures[side].Allocated));
        Row("the same, handler two async methods deep", side => Bytes(figures[side].AllocatedInLayers));

        void Row(string what, Func<EchoSide, string> figure) => Line($"| {what} | {string.Join(" | ", sides.Select(figure))} |");
    }

    private void Header(string[] columns) =>
        Line($"| {string.Join(" | ", columns)} |\n|{string.Concat(Enumerable.Repeat("---|", columns.Length))}");

    private void Each(string what, Func<EchoSide, string> figure, Func<EchoSide, EchoSide, string> ratio)
    {
        foreach (EchoSide ours in EchoSide.Ours)
        {
            Line($"| {what} | {ours.Name} | {figure(ours)} | {string.Join(" | ", EchoSide.Others.Select(theirs => ratio(ours, theirs)))} |");
        }
    }

    private void Line(FormattableString text) => _text.Append(FormattableString.Invariant(text)).Append('\n');

    private static string Text(Estimate ratio) => FormattableString.Invariant($"{ratio.Median:0.00} ± {ratio.Spread:0.00}");

    private static string Microseconds(double nanoseconds) => Number(nanoseconds / 1000, "0.0") + " µs";

    private static string Bytes(double bytes) => double.IsNaN(bytes) ? None : Number(bytes, "0") + " B";

    private static string Number(double value, string format) => value.ToString(format, System.Globalization.CultureInfo.InvariantCulture);
}
