using System.Globalization;
using System.Text;

namespace Treeline.Bench;

/// <summary>Writes measurements as text for a terminal, and as the Markdown of <c>docs/performance.md</c>.</summary>
internal static class ResultTable
{
    private const string Begin = "<!-- table: begin (written by `bench table`) -->";
    private const string End = "<!-- table: end -->";
    private const string None = "–";

    public static string Line(Measurement m) =>
        $"{m.Row.Name,-52} {m.Side.Name} {Figure(m.Figure.Median, m.Row.Unit),8} {Figure(m.TheirFigure.Median, m.Row.Unit),8}"
        + $"  .NET x{Ratio(m.Ratio),-12} {Promised(m),-11} CPU x{Ratio(m.Cpu),-12} {Bytes(m),11} B {BytesPromised(m),-8}"
        + $" Tokio x{Ratio(m.Against(Twin.Tokio)),-12} {Ceiling(m.Side.Promise.Tokio),-6} Go x{Ratio(m.Against(Twin.Go))}";

    /// <summary>Replaces the table between the two marks in the file; the words around it are people's.</summary>
    public static void WriteInto(string file, IEnumerable<Measurement> measurements, IEnumerable<Twin> twins)
    {
        string machine = string.Join(", ", [$".NET {Environment.Version}", .. twins.Select(static twin => twin.Version)]);
        var table = new StringBuilder();
        table.AppendLine(CultureInfo.InvariantCulture, $"Measured on {Environment.ProcessorCount} cores with {machine}.");
        table.AppendLine();
        table.AppendLine(
            "| work | side | ours / .NET | promised | CPU, ours / .NET | bytes, ours / .NET | promised | ours / Tokio | promised | ours / Go |");
        table.AppendLine("|---|---|---|---|---|---|---|---|---|---|");
        foreach (Measurement m in measurements)
        {
            string work = m.Side == m.Row.Sides[0] ? $"{m.Row.Name} (.NET: {m.Row.Peer})" : m.Row.Name;
            table.AppendLine(
                $"| {work} | {m.Side.Name} | {Ratio(m.Ratio)} ({Figure(m.Figure.Median, m.Row.Unit)}) | {Promised(m)} "
                + $"| {Ratio(m.Cpu)} | {Bytes(m)} | {BytesPromised(m)} "
                + $"| {Ratio(m.Against(Twin.Tokio))} | {Ceiling(m.Side.Promise.Tokio)} | {Ratio(m.Against(Twin.Go))} |");
        }

        PageSection.Replace(file, Begin, End, table.ToString());
    }

    private static string Promised(Measurement m)
    {
        Promise promise = m.Side.Promise;
        string[] all =
        [
            .. promise.Ratio is null ? [] : (string[])[Ceiling(promise.Ratio)],
            .. promise.Cpu is null ? [] : (string[])[$"CPU {Ceiling(promise.Cpu)}"],
            .. promise.Figure is { } figure ? (string[])[$"≤ {Figure(figure, m.Row.Unit)}"] : [],
        ];
        return all.Length == 0 ? None : string.Join(", ", all);
    }

    private static string Bytes(Measurement m) =>
        double.IsNaN(m.Bytes) ? None : Invariant($"{m.Bytes:0} / {m.TheirBytes:0}");

    private static string BytesPromised(Measurement m) =>
        m.Side.Promise.Bytes is { } bytes ? Invariant($"≤ {bytes:0}") : None;

    private static string Ratio(Estimate? ratio) =>
        ratio is { Median: not double.NaN } known ? Invariant($"{known.Median:0.00} ± {known.Spread:0.00}") : None;

    private static string Ceiling(double? ceiling) => ceiling is null ? None : Invariant($"≤ {ceiling:0.00}");

    private static string Figure(double figure, Unit unit) => (unit, figure) switch
    {
        (Unit.Memory, _) => Invariant($"{figure:0} B"),
        (_, >= 1e6) => Invariant($"{figure / 1e6:0.0} ms"),
        (_, >= 1e4) => Invariant($"{figure / 1e3:0.0} µs"),
        _ => Invariant($"{figure:0} ns"),
    };

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
