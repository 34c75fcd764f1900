namespace Treeline.Bench;

/// <summary>
/// Starting children and joining them. The other side is the pattern that gives the same guarantees by hand: a linked
/// token source around <see cref="Task.Run(Func{Task})"/>, and <see cref="Task.WhenAll(IEnumerable{Task})"/>.
/// </summary>
internal static class SpawnRows
{
    private const int Batch = 1000;

    public static IEnumerable<Row> All =>
    [
        new("spawn + join, trivial child", "Task.Run with a linked token each, WhenAll", 100_000,
            static n => ScopeOfMany(n, static _ => ValueTask.CompletedTask),
            static n => LinkedRunEach(n, static _ => Task.CompletedTask), 1.0),
        new("spawn + join, trivial child, token shared", "Task.Run, 1,000 share a linked token, WhenAll", 100_000,
            static n => ScopeOfMany(n, static _ => ValueTask.CompletedTask),
            static n => LinkedRunOfMany(n, static _ => Task.CompletedTask), 1.0),
        new("spawn a child that suspends once", "Task.Run with a linked token each, WhenAll", 100_000,
            static n => ScopeOfMany(n, static async _ => await Task.Yield()),
            static n => LinkedRunEach(n, static async _ => await Task.Yield()), 0.85),
        new("scope of 2 children that suspend, joined, closed", "linked source + 2 Task.Run + WhenAll", 50_000,
            ScopeOfTwo, LinkedRunOfTwo, 0.9),
    ];

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

    private static async Task ScopeOfMany(int n, Func<CancellationToken, ValueTask> child)
    {
        await TaskScope.RunAsync(async outer =>
        {
            for (int i = 0; i < n / Batch; i++)
            {
                await TaskScope.RunAsync(
                    scope =>
                    {
                        for (int j = 0; j < Batch; j++)
                        {
                            scope.Spawn(child);
                        }

                        return ValueTask.CompletedTask;
                    },
                    outer.Token);
            }
        });
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

    private static async Task ScopeOfTwo(int n)
    {
        await TaskScope.RunAsync(async outer =>
        {
            for (int i = 0; i < n; i++)
            {
                await TaskScope.RunAsync(
                    static scope =>
                    {
                        scope.Spawn(static async _ => await Task.Yield());
                        scope.Spawn(static async _ => await Task.Yield());
                        return ValueTask.CompletedTask;
                    },
                    outer.Token);
            }
        });
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
