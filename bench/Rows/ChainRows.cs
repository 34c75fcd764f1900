namespace Treeline.Bench;

/// <summary>An await within an await, and so on down to one that suspends.</summary>
internal static class ChainRows
{
    private const int Depth = 100;

    public static IEnumerable<Row> All =>
    [
        new()
        {
            Name = "100-deep await chain over a suspending leaf",
            Peer = "async methods that return a Task, Task.Yield at the bottom",
            Operations = 2_000,
            Sides =
            [
                Side.Plain(Clock.Timed(PlainChild), new() { Cpu = 1.0 }),
                Side.Fiber(Clock.Timed(FiberChild), new() { Ratio = 0.5, Bytes = 0, Tokio = 1.1 }),
            ],
            Theirs = Clock.Timed(Repeat),
            Twin = "chain",
        },
    ];

    private static Task PlainChild(int n) => TaskScope.RunAsync(scope =>
    {
        scope.Spawn(_ => Repeat(n));
        return ValueTask.CompletedTask;
    });

    private static Task FiberChild(int n) => TaskScope.RunAsync(async scope =>
    {
        scope.Spawn(async _ =>
        {
            for (int i = 0; i < n; i++)
            {
                await FiberDownAsync(Depth);
            }
        });
    });

    private static async Fiber<int> FiberDownAsync(int depth)
    {
        if (depth == 0)
        {
            await Fiber.Yield();
            return 0;
        }

        return await FiberDownAsync(depth - 1) + 1;
    }

    private static async Task Repeat(int n)
    {
        for (int i = 0; i < n; i++)
        {
            await DownAsync(Depth);
        }
    }

    private static async Task<int> DownAsync(int depth)
    {
        if (depth == 0)
        {
            await Task.Yield();
            return 0;
        }

        return await DownAsync(depth - 1) + 1;
    }
}
