namespace Treeline.Tests.Stress;

/// <summary>Line 7 of the contract, on real threads.</summary>
public sealed class DeadlinesNestStressTests : ContractStress
{
    [Fact]
    public Task Of_two_deadlines_that_pass_at_once_one_owner_times_out_and_says_so() => InRounds(async random =>
    {
        var clock = new ManualTimeProvider();
        var second = TimeSpan.FromSeconds(1);
        int how = random.Next(1_000);
        int waiting = 0;
        Exception? inner = null;
        Task run = TaskScope.RunAsync(
            async scope => await scope.Spawn(async _ =>
            {
                inner = await ErrorOf(TaskScope.RunAsync(
                    async nested =>
                    {
                        await DawdleAsync(how);
                        Volatile.Write(ref waiting, 1);
                        await Forever(nested.Token);
                    },
                    new ScopeOptions { Name = "inner", Timeout = second }));
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(inner!);
            }),
            new ScopeOptions { Name = "outer", Timeout = second, TimeProvider = clock });
        await Until(() => Volatile.Read(ref waiting) == 1);
        await Task.WhenAll(Task.Run(() => clock.Advance(second)), Task.Run(() => clock.Advance(second)));
        TimeoutException surfaced = Assert.IsType<TimeoutException>(await ErrorOf(run));
        bool innerTimedOut = inner is TimeoutException;
        Assert.True(innerTimedOut || inner is OperationCanceledException, $"{inner}");
        Assert.Contains(innerTimedOut ? "inner'" : "'outer'", surfaced.Message, StringComparison.Ordinal);
        Assert.Equal(0, clock.Pending);
    });
}
