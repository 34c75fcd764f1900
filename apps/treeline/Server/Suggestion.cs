namespace Treeline.App.Server;

/// <summary>Finds the name that a misspelt one was probably meant to be.</summary>
internal static class Suggestion
{
    private const int MaxMistakes = 2;

    /// <summary>The nearest of <paramref name="names"/>, or null when none is near. Case, '-' and '_' do not count,
    /// so <c>max_attempts</c> is near <c>maxAttempts</c>.</summary>
    public static string? For(string text, IEnumerable<string> names)
    {
        string given = Fold(text);
        string? best = null;
        int fewest = MaxMistakes + 1;
        foreach (string name in names)
        {
            string known = Fold(name);
            // A short name is all mistakes soon: "url" is not a misspelt "type".
            int mistakes = Mistakes(given, known);
            if (mistakes < fewest && mistakes <= known.Length / 3 + 1)
            {
                best = name;
                fewest = mistakes;
            }
        }

        return best;
    }

    private static string Fold(string text) =>
        text.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToUpperInvariant();

    /// <summary>Letters to insert, drop or change (Levenshtein's distance), or more than <see cref="MaxMistakes"/>.</summary>
    private static int Mistakes(string a, string b)
    {
        if (Math.Abs(a.Length - b.Length) > MaxMistakes)
        {
            return MaxMistakes + 1;
        }

        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(change, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[b.Length];
    }
}
