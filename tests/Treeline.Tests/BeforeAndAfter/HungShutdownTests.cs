namespace Treeline.Tests.BeforeAndAfter;

/// <summary>Bug 7 of docs/before-and-after.md: one worker does not listen, and the process never ends.</summary>
public sealed class HungShutdownTests : TreeTest
{
    private readonly ManualTimeProvider _clock = new();

    private interface IWorker
    {
        public string Name { get; }

        public Task RunAsync(CancellationToken stopping);
    }

    [Fact]
    public Task Before_shutdown_waits_for_ever_and_does_not_say_for_whom() => InTime(async () =>
    {
        var deaf = new DeafWorker();
        var good = new GoodWorker();
        using var shutdown = new CancellationTokenSource();
        Task serving = ServeAsync([good, deaf], shutdown.Token);
        await deaf.Runs.Task;
        await shutdown.CancelAsync();
        await Until(() => good.HasEnded);
        Assert.False(serving.IsCompleted); // and nothing is under way that could change it

        deaf.Release.SetResult();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serving);

        static async Task ServeAsync(IWorker[] workers, CancellationToken shutdown)
        {
            await Task.WhenAll(workers.Select(worker => worker.RunAsync(shutdown)));
        }
    });

    [Fact]
    public Task After_shutdown_ends_and_names_who_did_not_listen() => InTime(async () =>
    {
        var deaf = new DeafWorker();
        using var shutdown = new CancellationTokenSource();
        Task serving = TaskScope.RunAsync(
            async _ => await ServeAsync([new GoodWorker(), deaf], shutdown.Token),
            new ScopeOptions { Name = "process", TimeProvider = _clock });
        await deaf.Runs.Task;
        await shutdown.CancelAsync();
        await Until(static () => All().All(static node => node.Name != "good"));
        Assert.False(serving.IsCompleted);

        _clock.Advance(TimeSpan.FromSeconds(20));
        AbandonedException thrown = await Assert.ThrowsAsync<AbandonedException>(() => serving);
        AbandonedNode left = Assert.Single(thrown.Nodes);
        Assert.EndsWith("/server/deaf", left.Path, StringComparison.Ordinal);
        Assert.StartsWith($"{nameof(HungShutdownTests)}.cs:", left.SpawnSite, StringComparison.Ordinal);

        deaf.Release.SetResult();
        await Until(static () => All().All(static node => node.Name != "server"));

        static async Task ServeAsync(IWorker[] workers, CancellationToken shutdown)
        {
            await using TaskScope server = TaskScope.Open(
                new ScopeOptions { Name = "server", Patience = TimeSpan.FromSeconds(20) }, shutdown);
            foreach (IWorker worker in workers)
            {
                server.Spawn(ct => worker.RunAsync(ct), name: worker.Name);
            }

            await server.JoinAsync();
        }
    });

    private sealed class GoodWorker : IWorker
    {
        public string Name => "good";

        public bool HasEnded { get; private set; }

        public async Task RunAsync(CancellationToken stopping)
        {
            try
            {
                await Forever(stopping);
            }
            finally
            {
                HasEnded = true;
            }
        }
    }

    private sealed class DeafWorker : IWorker
    {
        public string Name => "deaf";

        public TaskCompletionSource Runs { get; } = Signal();

        public TaskCompletionSource Release { get; } = Signal();

        public Task RunAsync(CancellationToken stopping)
        {
            Runs.SetResult();
            return Release.Task;
        }
    }
}
