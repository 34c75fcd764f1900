namespace Treeline.Tests.Stress;

/// <summary>Line 6 of the contract, on real threads.</summary>
public sealed class ClosedIsClosedStressTests : ContractStress
{
    [Fact]
    public Task Spawned_while_it_closes_a_task_is_waited_for_or_refused() => InRounds(async random =>
    {
        int[] how = [.. Enumerable.Range(0, 2).Select(_ => random.Next(1_000))];
        TaskScope? open = null;
        int taken = 0;
        int ended = 0;
        Task smuggler = Task.Run(async () =>
        {
            await Until(() => Volatile.Read(ref open) is not null);
            try
            {
                for (int i = 0; i < 100; i++)
                {
                    Thread.SpinWait(how[1]);
                    open!.Spawn(_ =>
                    {
                        Interlocked.Increment(ref ended);
                        return Task.CompletedTask;
                    });
                    taken++;
                }
            }
            catch (InvalidOperationException)
            {
                // it has ended
            }
        });
        await TaskScope.RunAsync(async scope =>
        {
            Volatile.Write(ref open, scope);
            await DawdleAsync(how[0]);
        });
        int endedThen = Volatile.Read(ref ended);
        await smuggler;
        Assert.Equal(taken, ended);
        Assert.Equal(taken, endedThen);
    });
}
