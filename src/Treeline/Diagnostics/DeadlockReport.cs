using System.Text;

namespace Treeline;

/// <summary>Which nodes wait for each other in a circle, found by <see cref="TaskTree.FindDeadlocks"/>.</summary>
public sealed class DeadlockReport
{
    internal DeadlockReport(IReadOnlyList<IReadOnlyList<DeadlockedNode>> cycles, int stuck)
    {
        Cycles = cycles;
        StuckNodes = stuck;
    }

    /// <summary>One circle of each group of nodes that are stuck on each other.</summary>
    public IReadOnlyList<IReadOnlyList<DeadlockedNode>> Cycles { get; }

    /// <summary>How many nodes can never end: those in circles, and those that wait for them.</summary>
    public int StuckNodes { get; }

    internal static DeadlockReport None { get; } = new([], 0);

    /// <summary>The circles, a line for each node.</summary>
    public override string ToString()
    {
        if (Cycles.Count == 0)
        {
            return "No deadlock.";
        }

        var text = new StringBuilder();
        foreach (IReadOnlyList<DeadlockedNode> cycle in Cycles)
        {
            text.AppendLine(cycle.Count == 1 ? "Deadlock: a node waits for itself." : $"Deadlock: {cycle.Count} nodes wait for each other.");
            foreach (DeadlockedNode node in cycle)
            {
                text.Append("  ").Append(node).AppendLine();
            }
        }

        text.Append(StuckNodes == 1 ? "1 node can never end." : $"{StuckNodes} nodes can never end.");
        return text.ToString();
    }
}
