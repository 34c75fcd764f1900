using System.Globalization;
using System.Text;

namespace Treeline.Bench;

/// <summary>Writes measurements as text for a terminal, and as the Markdown of <c>docs/performance.md</c>.</summary>
internal static class ResultTable
{
    private const string Begin = "<!-- table: begin (written by `bench table`) -->";
    private const string End = "<!-- table: end -->";

    public static string Line(Measurement m) => string.Create(
        CultureInfo.InvariantCulture,
        $"{m.Row.Name,-44} {m.Ours.Nanoseconds,9:0} ns {m.Theirs.Nanoseconds,9:0} ns   x{m.Ratio:0.00} ±{m.Spread:0.00} (≤ {m.Row.Ceiling:0.00})   CPU x{m.Ours.CpuNanoseconds / m.Theirs.CpuNanoseconds:0.00}   {m.Ours.Bytes,7:0} B {m.Theirs.Bytes,7:0} B");

    public static bool IsBeyond(Measurement m) => m.Ratio - m.Spread > m.Row.Ceiling;

    /// <summary>Replaces the table between the two marks in the file; the words around it are people's.</summary>
    public static void WriteInto(string file, IEnumerable<Measurement> measurements)
    {
        var table = new StringBuilder();
        table.AppendLine(Begin);
        table.AppendLine();
        table.AppendLine(
            CultureInfo.InvariantCulture,
            $"Measured on {Environment.ProcessorCount} cores with .NET {Environment.Version}.");
        table.AppendLine();
        table.AppendLine("| work | compared with | time, ours / theirs | promised | CPU, ours / theirs | bytes, ours | bytes, theirs |");
        table.AppendLine("|---|---|---|---|---|---|---|");
        foreach (Measurement m in measurements)
        {
            table.AppendLine(
                CultureInfo.InvariantCulture,
                $"| {m.Row.Name} | {m.Row.Peer} | {m.Ratio:0.00} ± {m.Spread:0.00} | ≤ {m.Row.Ceiling:0.00} | {m.Ours.CpuNanoseconds / m.Theirs.CpuNanoseconds:0.00} | {m.Ours.Bytes:0} | {m.Theirs.Bytes:0} |");
        }

        table.AppendLine();
        table.Append(End);

        string text = File.ReadAllText(file);
        int begin = text.IndexOf(Begin, StringComparison.Ordinal);
        int end = text.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
        {
            throw new InvalidOperationException($"{file} lacks the marks '{Begin}' and '{End}' between which the table goes.");
        }

        File.WriteAllText(file, text[..begin] + table + text[(end + End.Length)..]);
    }
}
