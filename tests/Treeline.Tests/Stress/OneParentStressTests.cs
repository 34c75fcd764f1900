namespace Treeline.Tests.Stress;

/// <summary>Line 1 of the contract, on real threads.</summary>
public sealed class OneParentStressTests : ContractStress
{
    [Fact]
    public Task While_nodes_come_and_go_every_one_that_is_seen_is_seen_once_and_in_its_place() => InRounds(async random =>
    {
        int[] how = [.. Enumerable.Range(0, 9).Select(_ => random.Next(1_000))];
        await TaskScope.RunAsync(
            async scope =>
            {
                for (int i = 0; i < 4; i++)
                {
                    int own = how[i];
                    scope.Spawn(
                        async _ => await TaskScope.RunAsync(
                            async nested =>
                            {
                                nested.Spawn(async _ => await DawdleAsync(own), $"leaf {own}");
                                await DawdleAsync(own / 3);
                            },
                            name: $"scope {own}"),
                        $"child {own}");
                }

                await DawdleAsync(how[8]);
                Check();
            },
            name: "top");
    });

    private static void Check()
    {
        var open = new Queue<(string[] Path, NodeSnapshot Node)>(
            TaskTree.Snapshot().Roots.Where(static root => root.Name == "top").Select(static root => ((string[])["top"], root)));
        var ids = new HashSet<long>();
        while (open.TryDequeue(out (string[] Path, NodeSnapshot Node) next))
        {
            Assert.True(ids.Add(next.Node.Id), $"{string.Join('/', next.Path)} is there twice");
            string[] kinds = [.. next.Path.Skip(1).Select(static name => name.Split(' ')[0])];
            Assert.Equal(((string[])["child", "scope", "leaf"]).Take(kinds.Length), kinds);
            Assert.Single(next.Path.Skip(1).Select(static name => name.Split(' ')[1]).Append(next.Path[^1].Split(' ')[^1]).Distinct());
            foreach (NodeSnapshot child in next.Node.Children)
            {
                open.Enqueue(([.. next.Path, child.Name], child));
            }
        }
    }
}
