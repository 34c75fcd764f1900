namespace Treeline.Tests.Stress;

/// <summary>What the stress tests of the contract share: many short rounds on real threads, each drawn from its seed.</summary>
public abstract class ContractStress : TreeTest
{
    private const int Rounds = 300;

    /// <summary>Plays rounds; a failure says in which.</summary>
    protected Task InRounds(Func<Random, Task> round) => InTime(async () =>
    {
        for (int seed = 1; seed <= Rounds; seed++)
        {
            try
            {
                await round(new Random(seed));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"Seed {seed}: {e.Message}", e);
            }
        }
    });

    /// <summary>Gives other threads a little time, on this one or off it.</summary>
    private protected static async Fiber DawdleAsync(int how)
    {
        Thread.SpinWait(how % 97);
        for (int i = how % 3; i > 0; i--)
        {
            await Fiber.Yield();
        }

        if (how % 5 == 0)
        {
            await Task.Yield();
        }
    }

    private protected static async Task<Exception?> ErrorOf(Task task)
    {
        try
        {
            await task;
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }
}
