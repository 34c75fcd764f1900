namespace Treeline.Testing.Tests.Contract;

/// <summary>What the explorations share.</summary>
internal static class Schedules
{
    /// <summary>How many each line of the contract is tried under.</summary>
    public const int Count = 1_000;

    /// <summary>Lets others go first, some times or not at all.</summary>
    public static async Fiber DawdleAsync(this Simulation run)
    {
        for (int i = run.Random.Next(4); i > 0; i--)
        {
            await Fiber.Yield();
        }
    }

    /// <summary>Every node of the live tree with its path, parents before children.</summary>
    public static List<(string Path, NodeSnapshot Node)> Tree()
    {
        var all = new List<(string Path, NodeSnapshot Node)>(TaskTree.Snapshot().Roots.Select(static root => (root.Name, root)));
        for (int i = 0; i < all.Count; i++)
        {
            (string path, NodeSnapshot node) = all[i];
            all.AddRange(node.Children.Select(child => ($"{path}/{child.Name}", child)));
        }

        return all;
    }

    /// <summary>What <paramref name="task"/> ends with; null: success.</summary>
    public static async Task<Exception?> ErrorOf(Task task)
    {
        try
        {
            await task;
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }
}
