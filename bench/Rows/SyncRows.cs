namespace Treeline.Bench;

/// <summary>
/// Locks among a thousand tasks, and signals between two. The other side is <see cref="SemaphoreSlim"/>, which is what there is
/// for it in .NET.
/// </summary>
internal static class SyncRows
{
    private const int Tasks = 1000;
    private const int Permits = 10;

    public static IEnumerable<Row> All =>
    [
        new()
        {
            Name = "semaphore, 10 permits, 1,000 tasks",
            Peer = "SemaphoreSlim",
            Operations = 1_000_000,
            Sides =
            [
                Side.Plain(Clock.Timed(static n => PlainSemaphore(n, yields: false)), new() { Ratio = 0.4, Bytes = 0 }),
                Side.Fiber(Clock.Timed(static n => FiberSemaphore(n, yields: false)), new() { Ratio = 0.35, Bytes = 0, Tokio = 0.5 }),
            ],
            Theirs = Clock.Timed(static n => SlimSemaphore(n, Permits, yields: false)),
            Twin = "semaphore",
        },
        new()
        {
            Name = "semaphore, 10 permits, 1,000 tasks, held over a yield",
            Peer = "SemaphoreSlim",
            Operations = 200_000,
            Sides =
            [
                Side.Plain(Clock.Timed(static n => PlainSemaphore(n, yields: true)), new() { Ratio = 0.55 }),
                Side.Fiber(Clock.Timed(static n => FiberSemaphore(n, yields: true)), new() { Ratio = 0.35, Bytes = 0, Tokio = 0.5 }),
            ],
            Theirs = Clock.Timed(static n => SlimSemaphore(n, Permits, yields: true)),
            Twin = "semaphore_yield",
        },
        new()
        {
            Name = "mutex, 1,000 tasks, held over a yield",
            Peer = "SemaphoreSlim(1, 1)",
            Operations = 200_000,
            Sides =
            [
                Side.Plain(Clock.Timed(PlainMutex), new() { Ratio = 0.55 }),
                Side.Fiber(Clock.Timed(FiberMutex), new() { Ratio = 0.35, Bytes = 0 }),
            ],
            Theirs = Clock.Timed(static n => SlimSemaphore(n, 1, yields: true)),
            Twin = "mutex_yield",
        },
        new()
        {
            Name = "notify, two tasks in turn, per turn",
            Peer = "two SemaphoreSlim(0)",
            Operations = 200_000,
            Sides =
            [
                Side.Plain(Clock.Timed(PlainNotify), new() { Ratio = 0.75 }),
                Side.Fiber(Clock.Timed(FiberNotify), new() { Ratio = 0.45, Bytes = 0 }),
            ],
            Theirs = Clock.Timed(SlimNotify),
        },
    ];

    private static Task PlainSemaphore(int n, bool yields)
    {
        var semaphore = new AsyncSemaphore(Permits);
        return TaskScope.RunAsync(Body);

        ValueTask Body(TaskScope scope)
        {
            for (int i = 0; i < Tasks; i++)
            {
                scope.Spawn(Work);
            }

            return ValueTask.CompletedTask;
        }

        async ValueTask Work(CancellationToken _)
        {
            for (int i = 0; i < n / Tasks; i++)
            {
                using SemaphorePermit permit = await semaphore.AcquireAsync(CancellationToken.None);
                if (yields)
                {
                    await Task.Yield();
                }
            }
        }
    }

    private static Task FiberSemaphore(int n, bool yields)
    {
        var semaphore = new AsyncSemaphore(Permits);
        return TaskScope.RunAsync(async scope =>
        {
            for (int i = 0; i < Tasks; i++)
            {
                scope.Spawn(async _ =>
                {
                    for (int i = 0; i < n / Tasks; i++)
                    {
                        using SemaphorePermit permit = await semaphore.AcquireAsync(CancellationToken.None);
                        if (yields)
                        {
                            await Fiber.Yield();
                        }
                    }
                });
            }
        });
    }

    private static Task PlainMutex(int n)
    {
        var mutex = new AsyncMutex();
        return TaskScope.RunAsync(Body);

        ValueTask Body(TaskScope scope)
        {
            for (int i = 0; i < Tasks; i++)
            {
                scope.Spawn(Work);
            }

            return ValueTask.CompletedTask;
        }

        async ValueTask Work(CancellationToken _)
        {
            for (int i = 0; i < n / Tasks; i++)
            {
                using MutexGuard guard = await mutex.LockAsync(CancellationToken.None);
                await Task.Yield();
            }
        }
    }

    private static Task FiberMutex(int n)
    {
        var mutex = new AsyncMutex();
        return TaskScope.RunAsync(async scope =>
        {
            for (int i = 0; i < Tasks; i++)
            {
                scope.Spawn(async _ =>
                {
                    for (int i = 0; i < n / Tasks; i++)
                    {
                        using MutexGuard guard = await mutex.LockAsync(CancellationToken.None);
                        await Fiber.Yield();
                    }
                });
            }
        });
    }

    private static Task PlainNotify(int n)
    {
        var ping = new Notify();
        var pong = new Notify();
        return TaskScope.RunAsync(Body);

        ValueTask Body(TaskScope scope)
        {
            scope.Spawn(Answer);
            scope.Spawn(Ask);
            return ValueTask.CompletedTask;
        }

        async ValueTask Ask(CancellationToken _)
        {
            for (int i = 0; i < n / 2; i++)
            {
                ping.NotifyOne();
                await pong.NotifiedAsync(CancellationToken.None);
            }
        }

        async ValueTask Answer(CancellationToken _)
        {
            for (int i = 0; i < n / 2; i++)
            {
                await ping.NotifiedAsync(CancellationToken.None);
                pong.NotifyOne();
            }
        }
    }

    private static Task FiberNotify(int n)
    {
        var ping = new Notify();
        var pong = new Notify();
        return TaskScope.RunAsync(async scope =>
        {
            scope.Spawn(async _ =>
            {
                for (int i = 0; i < n / 2; i++)
                {
                    await ping.NotifiedAsync(CancellationToken.None);
                    pong.NotifyOne();
                }
            });
            scope.Spawn(async _ =>
            {
                for (int i = 0; i < n / 2; i++)
                {
                    ping.NotifyOne();
                    await pong.NotifiedAsync(CancellationToken.None);
                }
            });
        });
    }

    private static async Task SlimNotify(int n)
    {
        using var ping = new SemaphoreSlim(0);
        using var pong = new SemaphoreSlim(0);
        await Task.WhenAll(
            Task.Run(async () =>
            {
                for (int i = 0; i < n / 2; i++)
                {
                    await ping.WaitAsync();
                    pong.Release();
                }
            }),
            Task.Run(async () =>
            {
                for (int i = 0; i < n / 2; i++)
                {
                    ping.Release();
                    await pong.WaitAsync();
                }
            }));
    }

    private static async Task SlimSemaphore(int n, int permits, bool yields)
    {
        using var semaphore = new SemaphoreSlim(permits);
        var tasks = new Task[Tasks];
        for (int j = 0; j < Tasks; j++)
        {
            tasks[j] = Task.Run(async () =>
            {
                for (int i = 0; i < n / Tasks; i++)
                {
                    await semaphore.WaitAsync();
                    try
                    {
                        if (yields)
                        {
                            await Task.Yield();
                        }
                    }
                    finally
                    {
                        semaphore.Release();
                    }
                }
            });
        }

        await Task.WhenAll(tasks);
    }
}
