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

        // A queue, not recursion: trees may be deeper than stacks.
        int count = 0;
        while (open.TryDequeue(out (TreeNode Node, List<NodeSnapshot> Into) next))
        {
            next.Node.Picture(next.Into, open);
            count += next.Into.Count;
        }

        return new TaskTreeSnapshot(DateTimeOffset.UtcNow, roots, count);
    }
}
