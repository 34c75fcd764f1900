namespace Treeline.Testing.Tests.Contract;

/// <summary>Line 2 of the contract, under many schedules.</summary>
public sealed class NoLeftoversSchedules
{
    [Fact]
    public void However_a_scope_ends_all_in_it_has_ended_cleanup_included() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            int running = 0;
            await Schedules.ErrorOf(TaskScope.RunAsync(
                async scope =>
                {
                    scope.Spawn(async ct => await WorkAsync(ct));
                    scope.Spawn(async ct =>
                    {
                        _ = TaskScope.RunAsync(async forgotten => await WorkAsync(forgotten.Token));
                        await WorkAsync(ct);
                    });
                    TaskScope left = TaskScope.Open();
                    left.Spawn(async ct => await WorkAsync(ct));
                    await run.DawdleAsync();
                    switch (run.Random.Next(3))
                    {
                        case 0:
                            throw new OopsException("body");
                        case 1:
                            scope.Cancel();
                            break;
                    }
                },
                name: "scope"));
            Assert.Equal(0, running);
            Assert.DoesNotContain(Schedules.Tree(), static node => node.Node.Name == "scope");

            async Fiber WorkAsync(CancellationToken ct)
            {
                running++;
                try
                {
                    await run.DawdleAsync();
                    await Task.Delay(TimeSpan.FromSeconds(run.Random.Next(3)), run.Time, ct);
                }
                finally
                {
                    await run.DawdleAsync();
                    await Task.Delay(TimeSpan.FromSeconds(1), run.Time, CancellationToken.None);
                    running--;
                }
            }
        });
}
