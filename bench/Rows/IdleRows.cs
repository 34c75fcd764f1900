namespace Treeline.Bench;

/// <summary>The heap that a child holds while it waits for a sibling. The figure is bytes.</summary>
internal static class IdleRows
{
    private const int Children = 100_000;

    public static IEnumerable<Row> All =>
    [
        new()
        {
            Name = "memory of an idle child",
            Peer = "Task.Run with a linked token each, awaiting one task",
            Operations = Children,
            Unit = Unit.Memory,
            Sides =
            [
                Side.Plain(Plain, new() { Ratio = 1.5 }),
                Side.Fiber(AsFiber, new() { Figure = 120, Tokio = 0.5 }),
            ],
            Theirs = LinkedEach,
            Twin = "idle",
        },
        new()
        {
            Name = "memory of an idle child, token shared",
            Peer = "Task.Run with one linked token, awaiting one task",
            Operations = Children,
            Unit = Unit.Memory,
            Sides = [Side.Plain(Plain, new()), Side.Fiber(AsFiber, new())],
            Theirs = Shared,
        },
    ];

    private static Task<Sample> Plain(int n) => InScopeAsync(n, (scope, gate, arrivals) =>
    {
        Func<CancellationToken, ValueTask> child = async _ =>
        {
            arrivals.Signal();
            await gate;
        };
        for (int i = 0; i < n; i++)
        {
            scope.Spawn(child);
        }
    });

    private static Task<Sample> AsFiber(int n) => InScopeAsync(n, (scope, gate, arrivals) =>
    {
        Func<CancellationToken, Fiber> child = async _ =>
        {
            arrivals.Signal();
            await gate;
        };
        for (int i = 0; i < n; i++)
        {
            scope.Spawn(child);
        }
    });

    private static async Task<Sample> LinkedEach(int n)
    {
        using var outer = new CancellationTokenSource();
        return await InTasksAsync(n, (gate, arrivals) => async () =>
        {
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(outer.Token);
            arrivals.Signal();
            await gate;
        });
    }

    private static Task<Sample> Shared(int n) => InTasksAsync(n, static (gate, arrivals) => async () =>
    {
        arrivals.Signal();
        await gate;
    });

    private static async Task<Sample> InScopeAsync(int n, Action<TaskScope, ChildTask, Countdown> spawn)
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var arrivals = new Countdown(n);
        await using TaskScope scope = TaskScope.Open();
        ChildTask gate = scope.Spawn(_ => release.Task);

        Sample sample = await HeldAsync(n, arrivals, () => spawn(scope, gate, arrivals));
        release.SetResult();
        await scope.JoinAsync();
        return sample;
    }

    private static async Task<Sample> InTasksAsync(int n, Func<Task, Countdown, Func<Task>> childOf)
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var arrivals = new Countdown(n);
        Func<Task> child = childOf(release.Task, arrivals);
        using var linked = new CancellationTokenSource();
        var tasks = new Task[n];

        Sample sample = await HeldAsync(n, arrivals, () =>
        {
            for (int i = 0; i < n; i++)
            {
                tasks[i] = Task.Run(child, linked.Token);
            }
        });
        release.SetResult();
        await Task.WhenAll(tasks);
        return sample;
    }

    private static async Task<Sample> HeldAsync(int n, Countdown arrivals, Action start)
    {
        long before = HeapBytes();
        start();
        await arrivals.Zero;
        // The last to be counted is still on its way into the wait.
        await Task.Delay(5);
        return new Sample((double)(HeapBytes() - before) / n);
    }

    private static long HeapBytes()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        return GC.GetTotalMemory(forceFullCollection: false);
    }
}
