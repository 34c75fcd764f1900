namespace Treeline.Testing.Tests.Contract;

/// <summary>Line 3 of the contract, under many schedules.</summary>
public sealed class CancellationIsATreeSchedules
{
    [Fact]
    public void Whenever_a_branch_is_cancelled_all_of_it_is_at_once_and_nothing_else_ever() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            var branches = new List<TaskScope>();
            var inside = new List<TaskScope>();
            int started = 0;
            ChildTask[] children =
            [
                .. Enumerable.Range(0, 2).Select(i => run.Scope.SpawnScope(
                    async branch =>
                    {
                        branches.Add(branch);
                        branch.Spawn(async ct => await TaskScope.RunAsync(async nested =>
                        {
                            inside.Add(nested);
                            await Task.Delay(TimeSpan.FromSeconds(1), run.Time, nested.Token);
                        }));
                        await run.DawdleAsync();
                        await Schedules.ErrorOf(Task.Delay(TimeSpan.FromSeconds(1), run.Time, branch.Token));
                    },
                    name: $"branch {i}")),
            ];
            await run.DawdleAsync();
            if (branches.Count == 0)
            {
                return;
            }

            // Twice, which is as good as once.
            TaskScope cancelled = branches[0];
            await Task.WhenAll(
                run.Scope.Spawn(async _ => cancelled.Cancel("first or second")).AsTask(),
                run.Scope.Spawn(async _ => cancelled.Cancel("first or second")).AsTask());
            Assert.True(cancelled.Token.IsCancellationRequested);
            Assert.False(run.Scope.IsCancellationRequested);
            Assert.All(inside, nested => Assert.Equal(
                nested.Path.StartsWith(cancelled.Path, StringComparison.Ordinal), nested.IsCancellationRequested));
            Assert.All(branches.Skip(1), static other => Assert.False(other.IsCancellationRequested));
            if (!cancelled.IsClosed)
            {
                ChildTask late = cancelled.Spawn(async _ => started++);
                Assert.Equal(NodeState.Cancelled, late.State);
            }

            await Task.WhenAll(children.Select(static child => Schedules.ErrorOf(child.AsTask())));
            Assert.Equal(0, started);
            Assert.False(run.Scope.IsCancellationRequested);
        });
}
