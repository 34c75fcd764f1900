namespace Treeline.Jobs;

/// <summary>Finds out what is still alive below a node.</summary>
internal static class LiveTree
{
    /// <summary>The paths of the lowest live nodes below <paramref name="node"/>'s child of that name.</summary>
    public static IReadOnlyList<string> LeavesBelow(TreeNode node, string child)
    {
        var leaves = new List<string>();
        if (Find(TaskTree.Snapshot().Roots, node.Id)?.Children.FirstOrDefault(below => below.Name == child) is { } top)
        {
            Collect(top, $"{node.Path}/{top.Name}", leaves);
        }

        return leaves;
    }

    private static NodeSnapshot? Find(IReadOnlyList<NodeSnapshot> nodes, long id)
    {
        foreach (NodeSnapshot node in nodes)
        {
            if (node.Id == id)
            {
                return node;
            }

            if (Find(node.Children, id) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static void Collect(NodeSnapshot node, string path, List<string> leaves)
    {
        if (node.Children.Count == 0)
        {
            leaves.Add(path);
        }

        foreach (NodeSnapshot child in node.Children)
        {
            Collect(child, $"{path}/{child.Name}", leaves);
        }
    }
}
