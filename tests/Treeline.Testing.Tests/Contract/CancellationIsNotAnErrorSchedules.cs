namespace Treeline.Testing.Tests.Contract;

/// <summary>Line 5 of the contract, under many schedules.</summary>
public sealed class CancellationIsNotAnErrorSchedules
{
    [Fact]
    public void A_cancellation_of_something_else_is_a_failure_unless_the_scope_was_cancelled_before_it() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            var foreign = new TaskCanceledException("of something else");
            using var outer = new CancellationTokenSource();
            bool cancelledBefore = false;
            ChildTask child = default;
            Task running = TaskScope.RunAsync(
                async scope =>
                {
                    child = scope.Spawn(async _ =>
                    {
                        await run.DawdleAsync();
                        cancelledBefore = scope.IsCancellationRequested;
                        throw foreign;
                    });
                    await run.DawdleAsync();
                },
                outer.Token);
            ChildTask canceller = run.Scope.Spawn(async _ =>
            {
                await run.DawdleAsync();
                outer.Cancel();
            });
            Exception? surfaced = await Schedules.ErrorOf(running);
            await canceller;
            switch (child.State)
            {
                case NodeState.Failed:
                    Assert.False(cancelledBefore);
                    Assert.Same(foreign, surfaced);
                    break;
                default:
                    Assert.Equal(NodeState.Cancelled, child.State);
                    Assert.Equal(outer.Token, Assert.IsAssignableFrom<OperationCanceledException>(surfaced).CancellationToken);
                    Assert.NotSame(foreign, surfaced);
                    break;
            }
        });
}
