namespace Treeline.Tests.Stress;

/// <summary>Line 2 of the contract, on real threads.</summary>
public sealed class NoLeftoversStressTests : ContractStress
{
    [Fact]
    public Task When_a_scope_is_over_nothing_in_it_runs_however_it_ended() => InRounds(async random =>
    {
        int running = 0;
        int[] how = [.. Enumerable.Range(0, 8).Select(_ => random.Next(1_000))];
        await ErrorOf(TaskScope.RunAsync(async scope =>
        {
            for (int i = 0; i < 3; i++)
            {
                int own = how[i];
                scope.Spawn(async ct =>
                {
                    _ = TaskScope.RunAsync(async nested => nested.Spawn(async inner => await WorkAsync(own, inner)));
                    await WorkAsync(own / 2, ct);
                });
            }

            TaskScope.Open().Spawn(async ct => await WorkAsync(how[3], ct));
            await DawdleAsync(how[4]);
            switch (how[5] % 3)
            {
                case 0:
                    throw new OopsException("body");
                case 1:
                    scope.Cancel();
                    break;
            }
        }));
        Assert.Equal(0, Volatile.Read(ref running));

        async Fiber WorkAsync(int own, CancellationToken ct)
        {
            Interlocked.Increment(ref running);
            try
            {
                await DawdleAsync(own);
                ct.ThrowIfCancellationRequested();
            }
            finally
            {
                await DawdleAsync(own / 7);
                Interlocked.Decrement(ref running);
            }
        }
    });
}
