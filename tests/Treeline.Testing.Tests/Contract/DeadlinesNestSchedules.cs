namespace Treeline.Testing.Tests.Contract;

/// <summary>Line 7 of the contract, under many schedules.</summary>
public sealed class DeadlinesNestSchedules
{
    [Fact]
    public void The_least_deadline_ends_the_work_and_its_owner_alone_times_out() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            int[] limits = [.. Enumerable.Range(1, 3).Select(place => (10 * run.Random.Next(1, 5)) + place)];
            int owner = Array.IndexOf(limits, limits.Min());
            var surfaced = new Exception?[limits.Length];
            DateTimeOffset start = run.Time.GetUtcNow();
            Exception? top = await Schedules.ErrorOf(RunAsync(0));
            Assert.Equal(TimeSpan.FromSeconds(limits.Min()), run.Time.GetUtcNow() - start);
            Assert.IsType<TimeoutException>(top);
            for (int level = 0; level < limits.Length; level++)
            {
                // The owner's timeout goes up as the failure it is; below, it is a cancellation.
                Assert.True(
                    level <= owner ? surfaced[level] is TimeoutException : surfaced[level] is OperationCanceledException,
                    $"Level {level} of {string.Join(' ', limits)}: {surfaced[level]}");
                Assert.True(level > owner || surfaced[level]!.Message.Contains($"level {owner}'", StringComparison.Ordinal));
            }

            async Task RunAsync(int level)
            {
                surfaced[level] = await Schedules.ErrorOf(TaskScope.RunAsync(
                    async scope =>
                    {
                        Assert.Equal(start + TimeSpan.FromSeconds(limits.Take(level + 1).Min()), scope.Deadline);
                        await run.DawdleAsync();
                        await scope.Spawn(ct => level + 1 < limits.Length
                            ? RunAsync(level + 1)
                            : Task.Delay(Timeout.InfiniteTimeSpan, run.Time, ct));
                    },
                    new ScopeOptions { Name = $"level {level}", Timeout = TimeSpan.FromSeconds(limits[level]) }));
                if (surfaced[level] is { } error)
                {
                    System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
                }
            }
        });
}
