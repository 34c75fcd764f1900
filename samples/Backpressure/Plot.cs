using System.Globalization;
using System.Text;

namespace Backpressure;

/// <summary>Memory over time, a line for each policy, as SVG that is readable on light and on dark.</summary>
internal static class Plot
{
    private const int Width = 760;
    private const int Height = 340;
    private const int Left = 56;
    private const int Right = 120;
    private const int Top = 20;
    private const int Bottom = 44;
    private const int LabelHeight = 16;

    // Okabe and Ito's colours, told apart by people who see few.
    private static readonly string[] s_colours = ["#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00"];

    public static string Draw(List<(string Title, MemoryCurve Curve)> curves)
    {
        double seconds = Math.Ceiling(curves.Max(static each => each.Curve.Duration.TotalSeconds));
        double megabytes = Math.Ceiling(curves.Max(static each => each.Curve.PeakMegabytes) / 10) * 10;
        var svg = new StringBuilder();
        Line(svg, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\" font-size=\"12\">");
        Line(svg, $"<title>Memory held while a producer is twice as fast as its consumer</title>");
        for (int i = 0; i <= 4; i++)
        {
            double value = megabytes * i / 4;
            Line(svg, $"<path d=\"M{Left} {Y(value):F1}H{Width - Right}\" stroke=\"#888\" stroke-opacity=\"0.3\"/>");
            Line(svg, $"<text x=\"{Left - 6}\" y=\"{Y(value) + 4:F1}\" text-anchor=\"end\" fill=\"#888\">{value:F0} MB</text>");
        }

        for (int second = 0; second <= seconds; second++)
        {
            Line(svg, $"<text x=\"{X(second):F1}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\" fill=\"#888\">{second} s</text>");
        }

        double labelBelow = double.MaxValue;
        foreach (((string title, MemoryCurve curve), string colour) in curves.Zip(s_colours).OrderBy(static each => each.First.Curve.PeakMegabytes))
        {
            string path = string.Join('L', curve.Points.Select(point =>
                string.Create(CultureInfo.InvariantCulture, $"{X(point.At.TotalSeconds):F1} {Y(Math.Max(0, point.Megabytes)):F1}")));
            (TimeSpan at, double last) = curve.Points[^1];
            double label = Math.Min(Y(Math.Max(0, last)) + 4, labelBelow - LabelHeight);
            labelBelow = label;
            Line(svg, $"<path d=\"M{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>");
            Line(svg, $"<text x=\"{X(seconds) + 8:F1}\" y=\"{label:F1}\" fill=\"{colour}\">{title}, {at.TotalSeconds:F1} s</text>");
        }

        Line(svg, $"</svg>");
        return svg.ToString();

        double X(double at) => Left + ((Width - Left - Right) * at / seconds);

        double Y(double value) => Height - Bottom - ((Height - Top - Bottom) * value / megabytes);
    }

    private static void Line(StringBuilder svg, FormattableString line) =>
        svg.AppendLine(line.ToString(CultureInfo.InvariantCulture));
}
