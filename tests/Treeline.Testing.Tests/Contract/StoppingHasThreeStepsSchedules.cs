namespace Treeline.Testing.Tests.Contract;

/// <summary>Line 9 of the contract, under many schedules.</summary>
public sealed class StoppingHasThreeStepsSchedules
{
    [Fact]
    public void Stop_then_cancel_after_the_grace_then_give_up_after_the_patience() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            TimeSpan grace = TimeSpan.FromSeconds(run.Random.Next(1, 4));
            TimeSpan patience = TimeSpan.FromSeconds(run.Random.Next(1, 4));
            TimeSpan? stopped = null;
            DateTimeOffset? polite = null;
            DateTimeOffset? stubborn = null;
            DateTimeOffset start = run.Time.GetUtcNow();
            Exception? surfaced = await Schedules.ErrorOf(TaskScope.RunAsync(
                async scope =>
                {
                    scope.Spawn(async _ =>
                    {
                        await Schedules.ErrorOf(Task.Delay(Timeout.InfiniteTimeSpan, run.Time, scope.StoppingToken));
                        Assert.False(scope.IsCancellationRequested && !scope.IsStopping);
                        polite = run.Time.GetUtcNow();
                    });
                    scope.Spawn(async ct =>
                    {
                        await Schedules.ErrorOf(Task.Delay(Timeout.InfiniteTimeSpan, run.Time, ct));
                        stubborn = run.Time.GetUtcNow();
                    });
                    ChildTask deaf = scope.Spawn(
                        async _ => await Task.Delay(TimeSpan.FromMinutes(1), run.Time, CancellationToken.None), "deaf");
                    ChildTask stopper = scope.Spawn(async _ =>
                    {
                        await run.DawdleAsync();
                        await Task.Delay(TimeSpan.FromSeconds(run.Random.Next(3)), run.Time, CancellationToken.None);
                        stopped = run.Time.GetUtcNow() - start;
                        scope.Stop(grace);
                        scope.Stop(grace + grace); // the shorter counts
                    });
                    await stopper;
                },
                new ScopeOptions { Name = "scope", Patience = patience }));
            Assert.Equal(start + stopped, polite);
            Assert.Equal(start + stopped + grace, stubborn);
            Assert.Equal(start + stopped + grace + patience, run.Time.GetUtcNow());
            AbandonedException abandoned = Assert.IsType<AbandonedException>(surfaced);
            Assert.EndsWith("/scope/deaf", Assert.Single(abandoned.Nodes).Path, StringComparison.Ordinal);

            // Never silently: it is seen until it ends.
            Assert.Contains(Schedules.Tree(), static node => node.Path == "scope/deaf");
            await Task.Delay(TimeSpan.FromMinutes(1), run.Time, CancellationToken.None);
            Assert.DoesNotContain(Schedules.Tree(), static node => node.Node.Name == "scope");
        });
}
