namespace Treeline.Testing.Tests.Contract;

/// <summary>Line 11 of the contract, under many schedules.</summary>
public sealed class TheTreeIsVisibleSchedules
{
    [Fact]
    public void Whenever_one_looks_all_that_runs_is_there_and_nothing_that_has_ended() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            var running = new HashSet<string>();
            var handles = new Dictionary<string, ChildTask>();
            ChildTask watched = run.Scope.SpawnScope(async scope =>
            {
                for (int i = 0; i < 3; i++)
                {
                    int own = i;
                    Spawn(scope, $"task {own}", async () => await TaskScope.RunAsync(
                        async nested => Spawn(nested, $"below task {own}", static () => default), name: $"scope of task {own}"));
                    await run.DawdleAsync();
                }

                if (run.Random.Next(2) == 0)
                {
                    scope.Cancel();
                }
            });
            while (!watched.IsCompleted)
            {
                Check();
                await Fiber.Yield();
                Check();
                await Task.Delay(TimeSpan.FromSeconds(1), run.Time, CancellationToken.None);
            }

            void Spawn(TaskScope scope, string name, Func<ValueTask> inside) => handles[name] = scope.Spawn(
                async _ =>
                {
                    running.Add(name);
                    try
                    {
                        await run.DawdleAsync();
                        await inside();
                        await Task.Delay(TimeSpan.FromSeconds(1), run.Time, CancellationToken.None);
                    }
                    finally
                    {
                        running.Remove(name);
                    }
                },
                name);

            void Check()
            {
                Dictionary<string, NodeSnapshot> seen = Schedules.Tree()
                    .Where(static node => node.Node.Kind == NodeKind.Child && node.Node.Name.Contains("task", StringComparison.Ordinal))
                    .ToDictionary(static node => node.Node.Name, static node => node.Node);
                Assert.All(running, name => Assert.True(seen.ContainsKey(name), $"{name} runs and is not shown"));
                Assert.All(seen, one =>
                {
                    Assert.False(handles[one.Key].IsCompleted, $"{one.Key} has ended and is still shown");
                    Assert.Equal(handles[one.Key].State, one.Value.State);
                    Assert.StartsWith($"{nameof(TheTreeIsVisibleSchedules)}.cs:", one.Value.SpawnSite, StringComparison.Ordinal);
                });
            }
        });
}
