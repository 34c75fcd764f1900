namespace Treeline.Bench;

/// <summary>
/// Combinators against what gives the same guarantees by hand: a linked token source, <see cref="Task.WhenAny(Task[])"/>
/// or <see cref="Task.WhenAll(Task[])"/>, and the losers awaited.
/// </summary>
internal static class CombinatorRows
{
    private const int Items = 1000;

    private static readonly int[] s_items = [.. Enumerable.Range(0, Items)];

    public static IEnumerable<Row> All =>
    [
        new()
        {
            Name = "race of 2, the loser cancelled and awaited",
            Peer = "linked source + 2 Task.Run + WhenAny + Cancel, the loser awaited",
            Operations = 20_000,
            Sides =
            [
                Side.Plain(Clock.Timed(PlainRace), new()),
                Side.Fiber(Clock.Timed(FiberRace), new()),
            ],
            Theirs = Clock.Timed(WhenAny),
        },
        new()
        {
            Name = "try-join of 2 that suspend",
            Peer = "linked source + 2 Task.Run + WhenAll",
            Operations = 50_000,
            Sides =
            [
                Side.Plain(Clock.Timed(PlainTryJoin), new()),
                Side.Fiber(Clock.Timed(FiberTryJoin), new()),
            ],
            Theirs = Clock.Timed(WhenAll),
        },
        new()
        {
            Name = "ForEachAsync over 1,000 items that suspend, 4 at a time, per item",
            Peer = "Parallel.ForEachAsync",
            Operations = 100_000,
            Sides =
            [
                Side.Plain(Clock.Timed(PlainForEach), new()),
                Side.Fiber(Clock.Timed(FiberForEach), new()),
            ],
            Theirs = Clock.Timed(ParallelForEach),
        },
        new()
        {
            Name = "MapAsync of 1,000 items that suspend, 4 at a time, results in order, per item",
            Peer = "Parallel.ForEachAsync into an array",
            Operations = 100_000,
            Sides =
            [
                Side.Plain(Clock.Timed(PlainMap), new()),
                Side.Fiber(Clock.Timed(FiberMap), new()),
            ],
            Theirs = Clock.Timed(ParallelMap),
        },
    ];

    private static async Task PlainRace(int n)
    {
        Func<CancellationToken, Task<int>>[] racers = [static ct => WinAsync(), LoseAsync];
        for (int i = 0; i < n; i++)
        {
            await Concurrently.RaceAsync(racers);
        }
    }

    private static Task FiberRace(int n) => TaskScope.RunAsync(async scope =>
    {
        Func<CancellationToken, Fiber<int>>[] racers =
        [
            static async ct =>
            {
                await Fiber.Yield();
                return 1;
            },
            static async ct => await LoseAsync(ct),
        ];
        for (int i = 0; i < n; i++)
        {
            await Concurrently.RaceAsync(racers, scope.Token);
        }
    });

    private static async Task WhenAny(int n)
    {
        using var outer = new CancellationTokenSource();
        for (int i = 0; i < n; i++)
        {
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(outer.Token);
            CancellationToken token = linked.Token;
            Task<int> one = Task.Run(static () => WinAsync(), token);
            Task<int> other = Task.Run(() => LoseAsync(token), token);
            Task<int> winner = await Task.WhenAny(one, other);
            await linked.CancelAsync();
            Task loser = winner == one ? other : one;
            await loser.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await winner;
        }
    }

    private static async Task<int> WinAsync()
    {
        await Task.Yield();
        return 1;
    }

    /// <summary>Ends by cancellation, without an exception: throwing would be most of what is measured.</summary>
    private static async Task<int> LoseAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return 2;
    }

    private static async Task PlainTryJoin(int n)
    {
        for (int i = 0; i < n; i++)
        {
            await Concurrently.TryJoinAsync(static ct => WinAsync(), static ct => WinAsync());
        }
    }

    private static Task FiberTryJoin(int n) => TaskScope.RunAsync(async scope =>
    {
        for (int i = 0; i < n; i++)
        {
            await Concurrently.TryJoinAsync(
                static async ct =>
                {
                    await Fiber.Yield();
                    return 1;
                },
                static async ct =>
                {
                    await Fiber.Yield();
                    return 2;
                },
                scope.Token);
        }
    });

    private static async Task WhenAll(int n)
    {
        using var outer = new CancellationTokenSource();
        for (int i = 0; i < n; i++)
        {
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(outer.Token);
            await Task.WhenAll(Task.Run(WinAsync, linked.Token), Task.Run(WinAsync, linked.Token));
        }
    }

    private static async Task PlainForEach(int n)
    {
        for (int i = 0; i < n / Items; i++)
        {
            await Concurrently.ForEachAsync(s_items, 4, static async ValueTask (_, _) => await Task.Yield());
        }
    }

    private static async Task FiberForEach(int n)
    {
        for (int i = 0; i < n / Items; i++)
        {
            await Concurrently.ForEachAsync(s_items, 4, static async (_, _) => await Fiber.Yield());
        }
    }

    private static async Task ParallelForEach(int n)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = 4 };
        for (int i = 0; i < n / Items; i++)
        {
            await Parallel.ForEachAsync(s_items, options, static async (_, _) => await Task.Yield());
        }
    }

    private static async Task PlainMap(int n)
    {
        for (int i = 0; i < n / Items; i++)
        {
            await Concurrently.MapAsync(s_items, 4, static async ValueTask<int> (item, _) =>
            {
                await Task.Yield();
                return item;
            });
        }
    }

    private static async Task FiberMap(int n)
    {
        for (int i = 0; i < n / Items; i++)
        {
            await Concurrently.MapAsync(s_items, 4, static async (item, _) =>
            {
                await Fiber.Yield();
                return item;
            });
        }
    }

    private static async Task ParallelMap(int n)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = 4 };
        for (int i = 0; i < n / Items; i++)
        {
            int[] results = new int[Items];
            await Parallel.ForEachAsync(s_items, options, async (item, _) =>
            {
                await Task.Yield();
                results[item] = item;
            });
        }
    }
}
