namespace Treeline.App.Commands;

/// <summary>Text from jobs and servers, safe to show: it may hold escape sequences that would drive the terminal.</summary>
internal static class Printable
{
    public static string Text(string text) => string.Create(text.Length, text, static (target, source) =>
    {
        for (int i = 0; i < source.Length; i++)
        {
            target[i] = char.IsControl(source[i]) && source[i] is not ('\n' or '\t') ? '·' : source[i];
        }
    });

    /// <summary>The same on one line of at most <paramref name="length"/> characters.</summary>
    public static string Line(string text, int length)
    {
        string line = Text(text).ReplaceLineEndings(" ").Trim();
        return line.Length <= length ? line : $"{line.AsSpan(0, length - 1)}…";
    }
}
