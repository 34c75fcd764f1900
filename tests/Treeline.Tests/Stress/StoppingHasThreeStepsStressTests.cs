namespace Treeline.Tests.Stress;

/// <summary>Line 9 of the contract, on real threads.</summary>
public sealed class StoppingHasThreeStepsStressTests : ContractStress
{
    [Fact]
    public Task Grace_patience_and_the_end_of_the_last_task_at_once_end_in_one_way_and_lose_nobody() => InRounds(async random =>
    {
        var clock = new ManualTimeProvider();
        var second = TimeSpan.FromSeconds(1);
        TaskCompletionSource release = Signal();
        TaskScope scope = null!;
        ChildTask deaf = default;
        int running = 0;
        Task run = TaskScope.RunAsync(
            async own =>
            {
                scope = own;
                deaf = own.Spawn(
                    async _ =>
                    {
                        Volatile.Write(ref running, 1);
                        await release.Task;
                    },
                    "deaf");
                own.Spawn(static async ct => await Forever(ct));
                await Until(() => Volatile.Read(ref running) == 1);
            },
            new ScopeOptions { Name = "scope", Patience = second, TimeProvider = clock });
        await Until(() => Volatile.Read(ref running) == 1);
        scope.Stop(second);
        Task late = Task.Run(async () =>
        {
            await DawdleAsync(random.Next(1_000));
            release.SetResult();
        });
        clock.Advance(second);
        Assert.True(scope.IsCancellationRequested);
        clock.Advance(second);
        Exception? surfaced = await ErrorOf(run);
        await late;
        await deaf;
        await Until(static () => All().All(static node => node.Name != "scope"));
        if (surfaced is AbandonedException abandoned)
        {
            // The deaf one, or the other one if that has not unwound yet, or both.
            Assert.NotEmpty(abandoned.Nodes);
            Assert.All(abandoned.Nodes, static node => Assert.StartsWith("scope", node.Path, StringComparison.Ordinal));
            Assert.Equal(NodeState.Failed, scope.State);
        }
        else
        {
            Assert.Null(surfaced);
            Assert.Equal(NodeState.Cancelled, scope.State);
        }

        Assert.Equal(0, clock.Pending);
    });
}
