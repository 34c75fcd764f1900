namespace Treeline.Testing.Tests.Contract;

/// <summary>Line 8 of the contract, under many schedules.</summary>
public sealed class ShieldsHoldSchedules
{
    [Fact]
    public void Whenever_it_is_cancelled_cleanup_in_a_shield_runs_to_its_end_or_to_that_of_its_own_time() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            int takes = run.Random.Next(1, 4);
            int steps = 0;
            bool begun = false;
            Exception? cleanup = null;
            Exception? surfaced = await Schedules.ErrorOf(TaskScope.RunAsync(async scope =>
            {
                scope.Spawn(async ct =>
                {
                    begun = true;
                    try
                    {
                        await run.DawdleAsync();
                        await Task.Delay(TimeSpan.FromSeconds(1), run.Time, ct);
                    }
                    finally
                    {
                        cleanup = await Schedules.ErrorOf(CancelScope.ShieldAsync(TimeSpan.FromSeconds(2.5), async shielded =>
                        {
                            for (; steps < takes; steps++)
                            {
                                await Task.Delay(TimeSpan.FromSeconds(1), run.Time, shielded);
                                await run.DawdleAsync();
                            }
                        }));
                    }
                });
                scope.Spawn(async _ =>
                {
                    await run.DawdleAsync();
                    scope.Stop(TimeSpan.FromSeconds(run.Random.Next(3)));
                });
                await run.DawdleAsync();
                scope.Cancel();
            }));
            if (begun)
            {
                Assert.Equal(Math.Min(takes, 2), steps);
                Assert.Equal(takes > 2, cleanup is TimeoutException);
            }

            Assert.Null(surfaced); // the scope cancelled itself: nobody outside hears of it
        });
}
