namespace Treeline.Tests;

/// <summary>
/// What every test of scopes needs: a deadline that tells what hung, the order of events checked, and nothing left in the
/// tree afterwards.
/// </summary>
public abstract class TreeTest
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    protected Task InTime(Func<Task> test) => InTime(_ => test());

    protected async Task InTime(Func<Events, Task> test)
    {
        var events = new Events();
        HashSet<long> before = [.. TaskTree.Snapshot().Roots.Select(static root => root.Id)];

        // Not here, so that no synchronization context of the test runner takes part.
        Task running = this is IOnASingleThread ? RunOnASingleThread(() => test(events)) : Task.Run(() => test(events));
        if (await Task.WhenAny(running, Task.Delay(s_deadline)) != running)
        {
            Assert.Fail($"Not done after {s_deadline}. The tree:{Environment.NewLine}{Dump()}");
        }

        events.Verify();
        await running;
        Assert.True(
            TaskTree.Snapshot().Roots.All(root => before.Contains(root.Id)),
            $"The test left something in the tree:{Environment.NewLine}{Dump()}");
    }

    /// <summary>Ends only by cancellation.</summary>
    protected static Task Forever(CancellationToken cancellationToken) =>
        Task.Delay(Timeout.Infinite, cancellationToken);

    /// <summary>Waits, without sleeping, for something that can be seen but tells nobody.</summary>
    protected static async Task Until(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Yield();
        }
    }

    /// <summary>A signal whose waiters never run on the stack of whoever gives it.</summary>
    protected static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The only node called <paramref name="name"/> in the live tree.</summary>
    protected static NodeSnapshot Find(string name) => Assert.Single(All(), node => node.Name == name);

    /// <summary>Every node of the live tree, parents before children.</summary>
    protected static List<NodeSnapshot> All()
    {
        var all = new List<NodeSnapshot>(TaskTree.Snapshot().Roots);
        for (int i = 0; i < all.Count; i++)
        {
            all.AddRange(all[i].Children);
        }

        return all;
    }

    protected static string Dump() => TreeText.Of(TaskTree.Snapshot().Roots);

    private static Task RunOnASingleThread(Func<Task> test) => Task.Factory.StartNew(
        () =>
        {
            using var crank = new SingleThreadCrank();
            var begun = new TaskCompletionSource<Task>(TaskCreationOptions.RunContinuationsAsynchronously);
            crank.Scheduler.Schedule(new Start(() => begun.SetResult(test())));
            Task running = begun.Task.Unwrap();
            crank.RunUntil(running);
            return running;
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default).Unwrap();

    private sealed class Start(Action action) : IThreadPoolWorkItem
    {
        public void Execute() => action();
    }
}
