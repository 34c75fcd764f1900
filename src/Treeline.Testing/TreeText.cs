using System.Globalization;
using System.Text;

namespace Treeline.Testing;

/// <summary>What is alive below a node, as an indented text for the message of an exception.</summary>
internal static class TreeText
{
    private const int MostCharacters = 20_000;
    private const int MostIndentation = 40;

    /// <summary>The tree of <paramref name="root"/>; a sentence, if it has ended.</summary>
    public static string Of(TreeNode? root) =>
        Of([.. TaskTree.Snapshot().Roots.Where(each => each.Id == root?.Id)]);

    /// <summary>The trees of <paramref name="roots"/>.</summary>
    public static string Of(IReadOnlyList<NodeSnapshot> roots)
    {
        if (roots.Count == 0)
        {
            return "  (no node of it is alive)";
        }

        var text = new StringBuilder();
        var open = new Stack<(NodeSnapshot Node, int Depth)>();
        foreach (NodeSnapshot root in roots.Reverse())
        {
            open.Push((root, 1));
        }

        // A stack, not recursion: trees may be deeper than stacks.
        while (open.TryPop(out (NodeSnapshot Node, int Depth) next))
        {
            if (text.Length > MostCharacters)
            {
                return text.Append("  …").ToString();
            }

            if (text.Length > 0)
            {
                text.AppendLine();
            }

            NodeSnapshot node = next.Node;
            text.Append(' ', 2 * Math.Min(next.Depth, MostIndentation)).Append(
                CultureInfo.InvariantCulture, $"{node.Name} {node.Kind} {node.State} at {node.SpawnSite}");
            if (node.WaitsOn is { } awaited)
            {
                text.Append(", waits on ").Append(awaited);
            }

            foreach (NodeSnapshot child in node.Children.Reverse())
            {
                open.Push((child, next.Depth + 1));
            }
        }

        return text.ToString();
    }
}
