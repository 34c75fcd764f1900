using System.Globalization;

namespace Treeline;

/// <summary>The tree as lines for people.</summary>
internal static class TreeText
{
    /// <summary>Said of a node of which Treeline knows no wait.</summary>
    public const string RunningOrExternal = "running or external";

    // Deeper lines are not indented further but say how deep they are: all together they would be quadratic.
    private const int MaxIndent = 40;

    public static void Write(TextWriter writer, TaskTreeSnapshot tree)
    {
        writer.WriteLine(tree);
        Write(writer, tree.Roots, 0, int.MaxValue);
    }

    /// <summary>The lines of some trees, for an error that shows what is alive; not all of them if there are very many.</summary>
    public static string Of(IReadOnlyList<NodeSnapshot> roots)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture);
        Write(text, roots, 1, mostNodes: 300);
        return text.ToString().TrimEnd();
    }

    private static void Write(TextWriter writer, IReadOnlyList<NodeSnapshot> roots, int depth, int mostNodes)
    {
        // A stack of our own, not recursion: trees may be deeper than stacks.
        var open = new Stack<(NodeSnapshot Node, int Depth)>();
        Push(roots, depth);
        for (int count = 0; open.TryPop(out (NodeSnapshot Node, int Depth) next); count++)
        {
            if (count == mostNodes)
            {
                writer.WriteLine("  …");
                return;
            }

            for (int i = Math.Min(next.Depth, MaxIndent); i > 0; i--)
            {
                writer.Write("  ");
            }

            if (next.Depth > MaxIndent)
            {
                writer.Write(string.Create(CultureInfo.InvariantCulture, $"(level {next.Depth + 1}) "));
            }

            writer.WriteLine(Line(next.Node));
            Push(next.Node.Children, next.Depth + 1);
        }

        void Push(IReadOnlyList<NodeSnapshot> nodes, int depth)
        {
            for (int i = nodes.Count - 1; i >= 0; i--)
            {
                open.Push((nodes[i], depth));
            }
        }
    }

    /// <summary>A point in time as UTC with milliseconds.</summary>
    public static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>What it does, in words: what it waits on, as far as Treeline knows.</summary>
    public static string Doing(NodeSnapshot node) => node switch
    {
        { WaitsOnInShort: { } what } => $"waits on {what}",
        { State: NodeState.Pending } => "not started",
        { OwnCodeRuns: true } => RunningOrExternal,
        _ => "open",
    };

    private static string Line(NodeSnapshot node) =>
        $"{node.Name}  {Kind(node.Kind)}, {State(node.State)}, {Age(node.Age)}, {Doing(node)}, spawned at {node.SpawnSite}";

    private static string Kind(NodeKind kind) => kind switch
    {
        NodeKind.Scope => "scope",
        NodeKind.Child => "child",
        _ => "cancel scope",
    };

    private static string State(NodeState state) => state switch
    {
        NodeState.Pending => "pending",
        NodeState.Running => "running",
        NodeState.Joining => "joining",
        NodeState.Cancelling => "cancelling",
        NodeState.Abandoned => "abandoned",
        NodeState.Succeeded => "succeeded",
        NodeState.Failed => "failed",
        _ => "cancelled",
    };

    private static string Age(TimeSpan age) => age < TimeSpan.FromMinutes(2)
        ? string.Create(CultureInfo.InvariantCulture, $"{age.TotalSeconds:0.00} s")
        : age.ToString(age < TimeSpan.FromDays(1) ? @"hh\:mm\:ss" : @"d\.hh\:mm\:ss", CultureInfo.InvariantCulture);
}
