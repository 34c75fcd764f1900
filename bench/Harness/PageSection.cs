namespace Treeline.Bench;

/// <summary>The part of a page that a command writes, between two marks; the words around it are people's.</summary>
internal static class PageSection
{
    /// <param name="file">The page.</param>
    /// <param name="begin">The mark that stands above, a line.</param>
    /// <param name="end">The mark that stands below.</param>
    /// <param name="text">What goes between.</param>
    public static void Replace(string file, string begin, string end, string text)
    {
        string page = File.ReadAllText(file);
        int first = page.IndexOf(begin, StringComparison.Ordinal);
        int last = page.IndexOf(end, StringComparison.Ordinal);
        if (first < 0 || last < first)
        {
            throw new InvalidOperationException($"{file} lacks the marks '{begin}' and '{end}' between which the table goes.");
        }

        File.WriteAllText(file, $"{page[..first]}{begin}\n\n{text}\n{page[last..]}");
    }
}
