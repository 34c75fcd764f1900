namespace Treeline.Testing.Tests.Contract;

/// <summary>Line 1 of the contract, under many schedules.</summary>
public sealed class OneParentSchedules
{
    [Fact]
    public void Whenever_one_looks_every_node_has_one_parent_the_one_it_was_started_in() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            for (int i = 0; i < 3; i++)
            {
                string branch = $"branch {i}";
                run.Scope.Spawn(
                    async _ =>
                    {
                        await run.DawdleAsync();
                        await TaskScope.RunAsync(
                            async nested =>
                            {
                                nested.Spawn(async _ => await run.DawdleAsync(), $"leaf of {branch}");
                                nested.Spawn(async _ => await TaskScope.RunAsync(
                                    async _ => await run.DawdleAsync(), name: $"leaf of {branch}, too"));
                                await run.DawdleAsync();
                            },
                            name: $"scope of {branch}");
                    },
                    branch);
            }

            for (int i = 0; i < 4; i++)
            {
                await run.DawdleAsync();
                Check();
            }
        });

    private static void Check()
    {
        var ids = new HashSet<long>();
        foreach ((string path, NodeSnapshot node) in Schedules.Tree())
        {
            Assert.True(ids.Add(node.Id), $"{path} is in the tree twice");
            string[] names = path.Split('/');
            string branch = names.FirstOrDefault(static name => name.StartsWith("branch", StringComparison.Ordinal)) ?? "none";
            Assert.All(
                names.Where(static name => name.Contains(" of ", StringComparison.Ordinal)),
                name => Assert.Contains(branch, name, StringComparison.Ordinal));
            Assert.True(
                !names[^1].StartsWith("leaf", StringComparison.Ordinal) || names.Contains($"scope of {branch}"),
                $"{path} is not where it was started");
        }
    }
}
