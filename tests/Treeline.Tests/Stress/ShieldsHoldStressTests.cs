namespace Treeline.Tests.Stress;

/// <summary>Line 8 of the contract, on real threads.</summary>
public sealed class ShieldsHoldStressTests : ContractStress
{
    [Fact]
    public Task A_shield_that_opens_while_all_above_is_cancelled_holds() => InRounds(async random =>
    {
        int[] how = [.. Enumerable.Range(0, 4).Select(_ => random.Next(1_000))];
        int held = 0;
        int begun = 0;
        await TaskScope.RunAsync(async scope =>
        {
            for (int i = 0; i < 3; i++)
            {
                int own = how[i];
                scope.Spawn(async _ => await CancelScope.ShieldAsync(TimeSpan.FromMinutes(1), async shielded =>
                {
                    Interlocked.Increment(ref begun);
                    Assert.False(shielded.IsCancellationRequested);
                    await TaskScope.RunAsync(async nested => nested.Spawn(async ct =>
                    {
                        await DawdleAsync(own);
                        Assert.False(ct.IsCancellationRequested);
                        Interlocked.Increment(ref held);
                    }));
                    Assert.False(shielded.IsCancellationRequested);
                }));
            }

            await DawdleAsync(how[3]);
            scope.Stop();
            scope.Cancel();
        });
        Assert.Equal(begun, held);
    });
}
