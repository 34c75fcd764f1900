namespace Treeline.Tests.Stress.Model;

/// <summary>What happened when. Within one instant the order does not count.</summary>
internal sealed class History
{
    /// <summary>A time after all others.</summary>
    public const long AtTheEnd = 9_999_999;

    private readonly List<(long At, Func<string> What)> _lines = [];

    /// <summary>Notes something that is put into words when all is over.</summary>
    public void Add(long at, Func<string> what) => _lines.Add((at, what));

    public void Add(long at, string what) => _lines.Add((at, () => what));

    /// <summary>One line for each, in order.</summary>
    public List<string> Lines() =>
    [
        .. _lines
            .Select(static line => (line.At, What: line.What()))
            .OrderBy(static line => line.At)
            .ThenBy(static line => line.What, StringComparer.Ordinal)
            .Select(static line => $"{line.At,7} {line.What}"),
    ];
}
