namespace Treeline.Tests.Stress;

/// <summary>Line 5 of the contract, on real threads.</summary>
public sealed class CancellationIsNotAnErrorStressTests : ContractStress
{
    [Fact]
    public Task A_foreign_cancellation_and_one_from_outside_at_once_are_the_one_or_the_other() => InRounds(async random =>
    {
        int[] how = [.. Enumerable.Range(0, 2).Select(_ => random.Next(1_000))];
        var foreign = new TaskCanceledException("of something else");
        using var outer = new CancellationTokenSource();
        ChildTask child = default;
        Task cancelling = Task.Run(async () =>
        {
            await DawdleAsync(how[0]);
            await outer.CancelAsync();
        });
        Exception? surfaced = await ErrorOf(TaskScope.RunAsync(
            scope =>
            {
                child = scope.Spawn(async _ =>
                {
                    await DawdleAsync(how[1]);
                    throw foreign;
                });
                return Task.CompletedTask;
            },
            outer.Token));
        await cancelling;
        if (ReferenceEquals(surfaced, foreign))
        {
            Assert.Equal(NodeState.Failed, child.State);
        }
        else
        {
            Assert.Equal(outer.Token, Assert.IsAssignableFrom<OperationCanceledException>(surfaced).CancellationToken);
            Assert.True(child.Equals(default(ChildTask)) || child.State == NodeState.Cancelled); // or the body never ran
        }
    });
}
