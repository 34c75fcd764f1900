namespace Treeline.Testing.Tests.Contract;

/// <summary>Line 6 of the contract, under many schedules.</summary>
public sealed class ClosedIsClosedSchedules
{
    [Fact]
    public void A_task_is_taken_and_waited_for_or_refused_and_never_runs() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            TaskScope? open = null;
            bool over = false;
            int taken = 0;
            int ended = 0;
            ChildTask smuggler = run.Scope.Spawn(async _ =>
            {
                for (int i = 0; i < 3; i++)
                {
                    await run.DawdleAsync();
                    try
                    {
                        open?.Spawn(async _ =>
                        {
                            await run.DawdleAsync();
                            Assert.False(over);
                            ended++;
                        });
                        taken += open is null ? 0 : 1;
                        Assert.False(over && open is not null, "A scope that had ended took a task.");
                    }
                    catch (InvalidOperationException)
                    {
                        Assert.True(open!.IsClosed);
                    }
                }
            });
            await TaskScope.RunAsync(async scope =>
            {
                open = scope;
                scope.Spawn(async _ => await run.DawdleAsync());
                await run.DawdleAsync();
            });
            over = true;
            Assert.Equal(taken, ended);
            int takenBefore = taken;
            await smuggler;
            Assert.Equal(takenBefore, taken);
        });
}
