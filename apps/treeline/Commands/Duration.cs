using System.Buffers;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Treeline.App.Commands;

/// <summary>Spans of time on the command line: <c>500ms</c>, <c>30s</c>, <c>5m</c>, <c>1.5h</c> or <c>hh:mm:ss</c>.</summary>
internal static class Duration
{
    private static readonly SearchValues<char> s_digits = SearchValues.Create("0123456789.");

    private static readonly (string Unit, double Milliseconds)[] s_units =
        [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

    /// <summary>For an option's <c>CustomParser</c>.</summary>
    public static TimeSpan? Parse(ArgumentResult result)
    {
        string text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
        if (TryParse(text, out TimeSpan duration))
        {
            return duration;
        }

        result.AddError($"'{text}' is not a span of time; write 500ms, 30s, 5m, 1.5h or 00:00:30.");
        return null;
    }

    public static bool TryParse(string text, out TimeSpan duration)
    {
        if (text.Contains(':', StringComparison.Ordinal))
        {
            return TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out duration) && duration >= TimeSpan.Zero;
        }

        int digits = text.AsSpan().IndexOfAnyExcept(s_digits);
        if (digits > 0 && double.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
        {
            foreach ((string unit, double milliseconds) in s_units)
            {
                double total = number * milliseconds;
                if (unit == text[digits..] && total <= TimeSpan.FromDays(36_500).TotalMilliseconds)
                {
                    duration = TimeSpan.FromMilliseconds(total);
                    return true;
                }
            }
        }

        duration = default;
        return false;
    }
}
