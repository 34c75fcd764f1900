namespace Treeline.Tests.Stress;

/// <summary>Line 3 of the contract, on real threads.</summary>
public sealed class CancellationIsATreeStressTests : ContractStress
{
    [Fact]
    public Task Cancelled_from_several_threads_while_it_grows_all_of_a_branch_ends_and_the_other_does_not() => InRounds(async random =>
    {
        int[] how = [.. Enumerable.Range(0, 4).Select(_ => random.Next(1_000))];
        await TaskScope.RunAsync(async top =>
        {
            await using TaskScope doomed = TaskScope.Open();
            await using TaskScope spared = TaskScope.Open();
            ChildTask[] growing =
            [
                .. Enumerable.Range(0, 3).Select(i => doomed.Spawn(async _ =>
                {
                    for (int j = 0; j < 3; j++)
                    {
                        doomed.Spawn(static async ct => await TaskScope.RunAsync(static async nested => await Forever(nested.Token)));
                        await DawdleAsync(how[i]);
                    }
                })),
            ];
            TaskCompletionSource release = Signal();
            ChildTask waiting = spared.Spawn(async ct => await release.Task.WaitAsync(ct));
            ChildTask[] cancelling =
            [
                .. Enumerable.Range(0, 2).Select(i => top.Spawn(async _ =>
                {
                    await DawdleAsync(how[3]);
                    doomed.Cancel($"by {i}");
                })),
            ];
            foreach (ChildTask child in cancelling)
            {
                await child;
            }

            Assert.True(doomed.IsCancellationRequested);
            Exception? surfaced = await ErrorOf(doomed.JoinAsync()); // hangs if one of the branch was missed
            Assert.True(surfaced is null, $"{surfaced}");
            Assert.All(growing, static child => Assert.True(child.IsCompleted));
            Assert.False(top.IsCancellationRequested);
            Assert.False(spared.IsCancellationRequested);
            release.SetResult();
            await waiting;
            await spared.JoinAsync();
        });
    });
}
