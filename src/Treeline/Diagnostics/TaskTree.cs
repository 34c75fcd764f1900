namespace Treeline;

/// <summary>Shows what is alive: every scope and child task of the process, at any time, in production.</summary>
public static class TaskTree
{
    /// <summary>
    /// Takes a picture of the live tree. It reads the links that the scopes keep anyway, so a program that never asks pays
    /// nothing; each scope is locked only while its direct children are copied. A node that ends or is born meanwhile may
    /// or may not be in it.
    /// </summary>
    /// <returns>The picture; it does not change.</returns>
    public static TaskTreeSnapshot Snapshot()
    {
        var roots = new List<NodeSnapshot>();
        var open = new Queue<(TreeNode Node, List<NodeSnapshot> Into)>();
        open.Enqueue((ProcessRoot.Instance, roots));
        var nested = new List<TreeNode>();
        int count = 0;

        // A queue, not recursion: trees may be deeper than stacks.
        while (open.TryDequeue(out (TreeNode Node, List<NodeSnapshot> Into) next))
        {
            nested.Clear();
            next.Node.CopyNested(nested);
            foreach (TreeNode node in nested)
            {
                var children = new List<NodeSnapshot>();
                next.Into.Add(new NodeSnapshot(node, children));
                open.Enqueue((node, children));
                count++;
            }
        }

        return new TaskTreeSnapshot(DateTimeOffset.UtcNow, roots, count);
    }
}
