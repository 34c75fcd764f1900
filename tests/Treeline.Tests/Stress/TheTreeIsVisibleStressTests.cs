namespace Treeline.Tests.Stress;

/// <summary>Line 11 of the contract, on real threads.</summary>
public sealed class TheTreeIsVisibleStressTests : ContractStress
{
    [Fact]
    public Task While_nodes_come_and_go_what_runs_all_the_while_is_seen_and_what_has_ended_is_not() => InRounds(async random =>
    {
        int[] how = [.. Enumerable.Range(0, 6).Select(_ => random.Next(1_000))];
        TaskCompletionSource release = Signal();
        int running = 0;
        await TaskScope.RunAsync(async scope =>
        {
            scope.Spawn(
                async _ =>
                {
                    Volatile.Write(ref running, 1);
                    await release.Task;
                },
                "constant");
            ChildTask[] passing =
            [
                .. how.Select((own, i) => scope.Spawn(
                    async _ => await TaskScope.RunAsync(async _ => await DawdleAsync(own), name: $"in passing {i}"), $"passing {i}")),
            ];
            await Until(() => Volatile.Read(ref running) == 1);
            for (int i = 0; i < passing.Length; i++)
            {
                bool[] ended = [.. passing.Select(static child => child.IsCompleted)];
                List<NodeSnapshot> seen = All();
                Assert.Equal(NodeState.Running, Assert.Single(seen, static node => node.Name == "constant").State);
                for (int j = 0; j < ended.Length; j++)
                {
                    Assert.True(!ended[j] || seen.TrueForAll(node => !node.Name.EndsWith($"passing {j}", StringComparison.Ordinal)));
                }

                await passing[i];
            }

            release.SetResult();
        });
    });
}
