namespace Treeline.Bench;

/// <summary>
/// Taking results in the order in which they come, and limits on time that are kept. The other sides are what .NET has for
/// it: <see cref="Task.WhenEach{TResult}(ReadOnlySpan{Task{TResult}})"/>, a loop over <see cref="Task.WhenAny(Task[])"/>,
/// <see cref="Task.WaitAsync(TimeSpan)"/>, and a linked token source that cancels itself.
/// </summary>
internal static class SetRows
{
    private const int Many = 1000;
    private const int Few = 32;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private static readonly Trial s_plainSet = Clock.Timed(static n => PlainSet(n, Many));
    private static readonly Trial s_fiberSet = Clock.Timed(static n => FiberSet(n, Many));
    private static readonly Trial s_plainTimeout = Clock.Timed(PlainTimeout);
    private static readonly Trial s_fiberTimeout = Clock.Timed(FiberTimeout);

    public static IEnumerable<Row> All =>
    [
        new()
        {
            Name = "join set of 1,000 that suspend, per child",
            Peer = "Task.Run with a linked token, Task.WhenEach",
            Operations = 100_000,
            Sides =
            [
                Side.Plain(s_plainSet, new() { Ratio = 1.0 }),
                Side.Fiber(s_fiberSet, new() { Ratio = 0.6, Bytes = 8 }),
            ],
            Theirs = Clock.Timed(WhenEach),
        },
        new()
        {
            Name = "join set of 32 that suspend, per child",
            Peer = "Task.Run with a linked token, a loop over Task.WhenAny",
            Operations = 32_000,
            Sides =
            [
                Side.Plain(Clock.Timed(static n => PlainSet(n, Few)), new() { Ratio = 0.8 }),
                Side.Fiber(Clock.Timed(static n => FiberSet(n, Few)), new() { Ratio = 0.5 }),
            ],
            Theirs = Clock.Timed(WhenAny),
        },
        new()
        {
            Name = "operation with a timeout that does not fire, cancelled by it",
            Peer = "linked source + CancelAfter",
            Operations = 50_000,
            Sides =
            [
                Side.Plain(s_plainTimeout, new() { Cpu = 0.7 }),
                Side.Fiber(s_fiberTimeout, new() { Ratio = 0.55, Bytes = 0 }),
            ],
            Theirs = Clock.Timed(CancelAfter),
            Twin = "timeout",
        },
        new()
        {
            Name = "operation with a timeout that does not fire, left running by it",
            Peer = "Task.WaitAsync, which cancels nothing",
            Operations = 50_000,
            Sides =
            [
                Side.Plain(s_plainTimeout, new()),
                Side.Fiber(s_fiberTimeout, new()),
            ],
            Theirs = Clock.Timed(WaitAsync),
        },
    ];

    private static async Task PlainSet(int n, int size)
    {
        for (int i = 0; i < n / size; i++)
        {
            await using var set = JoinSet<int>.Open();
            for (int j = 0; j < size; j++)
            {
                set.Spawn(Suspend);
            }

            while (await set.JoinNextAsync() is { } outcome)
            {
                _ = outcome.Value;
            }
        }

        static async ValueTask<int> Suspend(CancellationToken _)
        {
            await Task.Yield();
            return 1;
        }
    }

    private static Task FiberSet(int n, int size) => TaskScope.RunAsync(async scope =>
    {
        for (int i = 0; i < n / size; i++)
        {
            await using var set = JoinSet<int>.Open();
            for (int j = 0; j < size; j++)
            {
                set.Spawn(static async _ =>
                {
                    await Fiber.Yield();
                    return 1;
                });
            }

            while (await set.JoinNextAsync() is { } outcome)
            {
                _ = outcome.Value;
            }
        }
    });

    private static async Task WhenEach(int n)
    {
        using var outer = new CancellationTokenSource();
        for (int i = 0; i < n / Many; i++)
        {
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(outer.Token);
            await foreach (Task<int> task in Task.WhenEach(Start(Many, linked.Token)))
            {
                _ = await task;
            }
        }
    }

    private static async Task WhenAny(int n)
    {
        using var outer = new CancellationTokenSource();
        for (int i = 0; i < n / Few; i++)
        {
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(outer.Token);
            List<Task<int>> tasks = [.. Start(Few, linked.Token)];
            while (tasks.Count > 0)
            {
                Task<int> task = await Task.WhenAny(tasks);
                tasks.Remove(task);
                _ = await task;
            }
        }
    }

    private static Task<int>[] Start(int size, CancellationToken token)
    {
        var tasks = new Task<int>[size];
        for (int j = 0; j < size; j++)
        {
            tasks[j] = Task.Run(
                static async () =>
                {
                    await Task.Yield();
                    return 1;
                },
                token);
        }

        return tasks;
    }

    private static async Task PlainTimeout(int n)
    {
        for (int i = 0; i < n; i++)
        {
            await CancelScope.WithTimeoutAsync(s_limit, ValueTask (ct) => Work(ct));
        }

        static async ValueTask Work(CancellationToken _) => await Task.Yield();
    }

    private static Task FiberTimeout(int n) => TaskScope.RunAsync(async _ =>
    {
        for (int i = 0; i < n; i++)
        {
            await CancelScope.WithTimeoutAsync(s_limit, static async _ => await Fiber.Yield());
        }
    });

    private static async Task CancelAfter(int n)
    {
        using var outer = new CancellationTokenSource();
        for (int i = 0; i < n; i++)
        {
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(outer.Token);
            linked.CancelAfter(s_limit);
            await Work(linked.Token);
        }

        static async Task Work(CancellationToken _) => await Task.Yield();
    }

    private static async Task WaitAsync(int n)
    {
        for (int i = 0; i < n; i++)
        {
            await Work().WaitAsync(s_limit);
        }

        static async Task Work() => await Task.Yield();
    }
}
