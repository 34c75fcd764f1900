namespace Treeline.Bench;

/// <summary>
/// Starting children and joining them. The other side is the pattern that gives the same guarantees by hand: a linked
/// token source around <see cref="Task.Run(Func{Task})"/>, and <see cref="Task.WhenAll(IEnumerable{Task})"/>.
/// </summary>
internal static class SpawnRows
{
    private const int Batch = 1000;

    private static readonly Trial s_plainTrivial = Clock.Timed(
        static n => PlainScopeOfMany(n, static _ => ValueTask.CompletedTask));

    private static readonly Trial s_fiberTrivial = Clock.Timed(
        static n => FiberScopeOfMany(n, static async _ => { }));

    public static IEnumerable<Row> All =>
    [
        new()
        {
            Name = "spawn + join, trivial child",
            Peer = "Task.Run with a linked token each, WhenAll",
            Operations = 100_000,
            Sides =
            [
                Side.Plain(s_plainTrivial, new() { Ratio = 1.0, Bytes = 0 }),
                Side.Fiber(s_fiberTrivial, new() { Ratio = 0.75, Bytes = 0, Tokio = 0.3 }),
            ],
            Theirs = Clock.Timed(static n => LinkedRunEach(n, static _ => Task.CompletedTask)),
            Twin = "spawn",
        },
        new()
        {
            Name = "spawn + join, trivial child, token shared",
            Peer = "Task.Run, 1,000 share a linked token, WhenAll",
            Operations = 100_000,
            Sides =
            [
                Side.Plain(s_plainTrivial, new() { Ratio = 1.0, Bytes = 0 }),
                Side.Fiber(s_fiberTrivial, new() { Ratio = 0.75, Bytes = 0 }),
            ],
            Theirs = Clock.Timed(static n => LinkedRunOfMany(n, static _ => Task.CompletedTask)),
        },
        new()
        {
            Name = "spawn a child that suspends once",
            Peer = "Task.Run with a linked token each, WhenAll",
            Operations = 100_000,
            Sides =
            [
                Side.Plain(
                    Clock.Timed(static n => PlainScopeOfMany(n, static async _ => await Task.Yield())),
                    new() { Ratio = 0.85, Bytes = 110 }),
                Side.Fiber(
                    Clock.Timed(static n => FiberScopeOfMany(n, static async _ => await Fiber.Yield())),
                    new() { Ratio = 0.35, Bytes = 8, Tokio = 0.4 }),
            ],
            Theirs = Clock.Timed(static n => LinkedRunEach(n, static async _ => await Task.Yield())),
            Twin = "spawn_yield",
        },
        new()
        {
            Name = "scope of 2 children that suspend, joined, closed",
            Peer = "linked source + 2 Task.Run + WhenAll",
            Operations = 50_000,
            Sides =
            [
                Side.Plain(Clock.Timed(PlainScopeOfTwo), new() { Ratio = 0.9, Bytes = 260 }),
                Side.Fiber(Clock.Timed(FiberScopeOfTwo), new() { Ratio = 0.5, Bytes = 16, Tokio = 0.4 }),
            ],
            Theirs = Clock.Timed(LinkedRunOfTwo),
            Twin = "scope2",
        },
    ];

    private static Task PlainScopeOfMany(int n, Func<CancellationToken, ValueTask> child)
    {
        return TaskScope.RunAsync(Body);

        async ValueTask Body(TaskScope outer)
        {
            for (int i = 0; i < n / Batch; i++)
            {
                await TaskScope.RunAsync(SpawnBatch, outer.Token);
            }
        }

        ValueTask SpawnBatch(TaskScope scope)
        {
            for (int j = 0; j < Batch; j++)
            {
                scope.Spawn(child);
            }

            return ValueTask.CompletedTask;
        }
    }

    private static Task FiberScopeOfMany(int n, Func<CancellationToken, Fiber> child) => TaskScope.RunAsync(async outer =>
    {
        for (int i = 0; i < n / Batch; i++)
        {
            await TaskScope.RunAsync(
                async scope =>
                {
                    for (int j = 0; j < Batch; j++)
                    {
                        scope.Spawn(child);
                    }
                },
                outer.Token);
        }
    });

    private static Task PlainScopeOfTwo(int n)
    {
        return TaskScope.RunAsync(Body);

        async ValueTask Body(TaskScope outer)
        {
            for (int i = 0; i < n; i++)
            {
                await TaskScope.RunAsync(SpawnTwo, outer.Token);
            }
        }

        static ValueTask SpawnTwo(TaskScope scope)
        {
            scope.Spawn(Suspend);
            scope.Spawn(Suspend);
            return ValueTask.CompletedTask;
        }

        static async ValueTask Suspend(CancellationToken _) => await Task.Yield();
    }

    private static Task FiberScopeOfTwo(int n) => TaskScope.RunAsync(async outer =>
    {
        for (int i = 0; i < n; i++)
        {
            await TaskScope.RunAsync(
                static async scope =>
                {
                    scope.Spawn(static async _ => await Fiber.Yield());
                    scope.Spawn(static async _ => await Fiber.Yield());
                },
                outer.Token);
        }
    });

    private static async Task LinkedRunEach(int n, Func<CancellationToken, Task> child)
    {
        using var outer = new CancellationTokenSource();
        var tasks = new Task[Batch];
        for (int i = 0; i < n / Batch; i++)
        {
            for (int j = 0; j < Batch; j++)
            {
                tasks[j] = Task.Run(async () =>
                {
                    using var linked = CancellationTokenSource.CreateLinkedTokenSource(outer.Token);
                    await child(linked.Token);
                });
            }

            await Task.WhenAll(tasks);
        }
    }

    private static async Task LinkedRunOfMany(int n, Func<CancellationToken, Task> child)
    {
        using var outer = new CancellationTokenSource();
        var tasks = new Task[Batch];
        for (int i = 0; i < n / Batch; i++)
        {
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(outer.Token);
            CancellationToken token = linked.Token;
            for (int j = 0; j < Batch; j++)
            {
                tasks[j] = Task.Run(() => child(token), token);
            }

            await Task.WhenAll(tasks);
        }
    }

    private static async Task LinkedRunOfTwo(int n)
    {
        using var outer = new CancellationTokenSource();
        for (int i = 0; i < n; i++)
        {
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(outer.Token);
            await Task.WhenAll(
                Task.Run(static async () => await Task.Yield(), linked.Token),
                Task.Run(static async () => await Task.Yield(), linked.Token));
        }
    }
}
