namespace Treeline.Bench;

/// <summary>How one of our sides of a row did against the others.</summary>
internal sealed class Measurement(
    Row row, Side side, Contender ours, Contender theirs, IReadOnlyDictionary<string, Contender> twins)
{
    public Row Row => row;

    public Side Side => side;

    public Estimate Figure => ours.Figure;

    public Estimate TheirFigure => theirs.Figure;

    public double Bytes => ours.Bytes.Median;

    public double TheirBytes => theirs.Bytes.Median;

    /// <summary>Our figure over .NET's.</summary>
    public Estimate Ratio => ours.Over(theirs, static sample => sample.Figure);

    /// <summary>Our processor time over .NET's.</summary>
    public Estimate Cpu => ours.Over(theirs, static sample => sample.CpuNanoseconds);

    /// <summary>What is promised and not kept, in words.</summary>
    public IEnumerable<string> Broken
    {
        get
        {
            Promise promise = side.Promise;
            // A few bytes an operation are the harness's own, or the rest of something bought once.
            double bytesAllowed = promise.Bytes is { } bytes ? bytes + Math.Max(8, bytes * 0.02) : double.NaN;
            (bool Beyond, string What)[] all =
            [
                (Ratio.IsBeyond(promise.Ratio), "its ratio to .NET"),
                (Cpu.IsBeyond(promise.Cpu), "its ratio of processor time"),
                (Figure.IsBeyond(promise.Figure), "its figure"),
                (Against(Twin.Tokio)?.IsBeyond(promise.Tokio) == true, "its ratio to Tokio"),
                (Bytes > bytesAllowed, "its bytes"),
            ];
            return all.Where(static each => each.Beyond).Select(each => $"{row.Name}, {side.Name}: {each.What}");
        }
    }

    /// <summary>Our figure over that twin's; null when it did not take part.</summary>
    public Estimate? Against(string twin) =>
        twins.TryGetValue(twin, out Contender? peer) ? ours.Over(peer, static sample => sample.Figure) : null;
}
