namespace Treeline.Bench;

/// <summary>
/// Time that passes, and limits that are not reached. The other sides are <see cref="Task.Delay(TimeSpan)"/>,
/// <see cref="System.Threading.Timer"/>, <see cref="PeriodicTimer"/> and a token source that cancels itself.
/// </summary>
internal static class TimerRows
{
    private const int Batch = 1000;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(1);

    public static IEnumerable<Row> All =>
    [
        new()
        {
            Name = "1,000,000 sleeping children",
            Peer = "Task.Run with a linked token, Task.Delay",
            Operations = 1_000_000,
            Rounds = 3,
            Sides =
            [
                Side.Plain(Clock.Timed(PlainSleeps), new() { Cpu = 0.8 }),
                Side.Fiber(Clock.Timed(FiberSleeps), new() { Cpu = 0.5, Tokio = 1.0 }),
            ],
            Theirs = Clock.Timed(Delays),
            Twin = "sleeps",
        },
        new()
        {
            Name = "arm and cancel a timer",
            Peer = "System.Threading.Timer, made and disposed",
            Operations = 500_000,
            Sides = [Side.Fiber(Clock.Timed(static n => OnAWorker(() => ArmAndCancel(n))), new() { Ratio = 0.6, Bytes = 0 })],
            Theirs = Clock.Timed(Timers),
            Twin = "timer",
        },
        new()
        {
            Name = "wait with a time limit that does not fire",
            Peer = "new CancellationTokenSource(30 s), disposed: without the wait",
            Operations = 500_000,
            Sides = [Side.Fiber(Clock.Timed(static n => OnAWorker(() => WaitLimited(n))), new() { Bytes = 0 })],
            Theirs = Clock.Timed(Sources),
        },
        new()
        {
            Name = "1,000 intervals of 1 ms, per tick",
            Peer = "PeriodicTimer",
            Operations = 200_000,
            Sides =
            [
                Side.Plain(Clock.Timed(PlainTicks), new() { Cpu = 1.0 }),
                Side.Fiber(Clock.Timed(FiberTicks), new() { Cpu = 0.8 }),
            ],
            Theirs = Clock.Timed(PeriodicTicks),
        },
    ];

    /// <summary>One to two seconds, each another: Knuth's linear congruential generator (MMIX), as the twins.</summary>
    private static TimeSpan Next(ref ulong random)
    {
        random = (random * 6364136223846793005) + 1442695040888963407;
        return TimeSpan.FromMilliseconds(1000 + ((random >> 33) % 1000));
    }

    private static Task PlainSleeps(int n)
    {
        return TaskScope.RunAsync(Body);

        ValueTask Body(TaskScope scope)
        {
            ulong random = 12345;
            for (int i = 0; i < n; i++)
            {
                TimeSpan time = Next(ref random);
                scope.Spawn(ct => Sleep(time, ct));
            }

            return ValueTask.CompletedTask;
        }

        static async ValueTask Sleep(TimeSpan time, CancellationToken cancellationToken) =>
            await Treeline.Clock.Delay(time, TimeProvider.System, cancellationToken);
    }

    private static Task FiberSleeps(int n) => TaskScope.RunAsync(async scope =>
    {
        ulong random = 12345;
        for (int i = 0; i < n; i++)
        {
            TimeSpan time = Next(ref random);
            scope.Spawn(async ct => await Treeline.Clock.Delay(time, TimeProvider.System, ct));
        }
    });

    private static async Task Delays(int n)
    {
        using var source = new CancellationTokenSource();
        ulong random = 12345;
        var tasks = new Task[n];
        for (int i = 0; i < n; i++)
        {
            TimeSpan time = Next(ref random);
            tasks[i] = Task.Run(async () => await Task.Delay(time, source.Token));
        }

        await Task.WhenAll(tasks);
    }

    /// <summary>Where waits are made.</summary>
    private static Task OnAWorker(Action work) => TaskScope.RunAsync(async scope => await scope.Spawn(async _ => work()));

    private static void ArmAndCancel(int n)
    {
        TimerShard shard = TimerShards.Of(TimeProvider.System)!;
        var timers = new Silent[Batch];
        for (int j = 0; j < Batch; j++)
        {
            timers[j] = new Silent();
        }

        for (int i = 0; i < n / Batch; i++)
        {
            for (int j = 0; j < Batch; j++)
            {
                long now = TimeProvider.System.GetTimestamp();
                shard.Set(timers[j], now, TimeProvider.System.After(now, s_limit));
            }

            for (int j = 0; j < Batch; j++)
            {
                shard.Remove(timers[j]);
            }
        }
    }

    private static void WaitLimited(int n)
    {
        var waiters = new Waiter<Nothing>[Batch];
        var waits = new WaitAwaitable<Nothing>[Batch];
        for (int i = 0; i < n / Batch; i++)
        {
            for (int j = 0; j < Batch; j++)
            {
                Waiter<Nothing> waiter = waiters[j] = Waiter<Nothing>.Rent(queue: null);
                waiter.LimitTo(TimeProvider.System, s_limit);
                waits[j] = waiter.AsAwaitable();
            }

            for (int j = 0; j < Batch; j++)
            {
                if (waiters[j].TryClaim())
                {
                    waiters[j].Complete(default);
                }

                waits[j].GetResult();
            }
        }
    }

    private static Task Timers(int n)
    {
        var timers = new Timer[Batch];
        for (int i = 0; i < n / Batch; i++)
        {
            for (int j = 0; j < Batch; j++)
            {
                timers[j] = new Timer(static _ => { }, null, s_limit, Timeout.InfiniteTimeSpan);
            }

            for (int j = 0; j < Batch; j++)
            {
                timers[j].Dispose();
            }
        }

        return Task.CompletedTask;
    }

    private static Task Sources(int n)
    {
        var sources = new CancellationTokenSource[Batch];
        for (int i = 0; i < n / Batch; i++)
        {
            for (int j = 0; j < Batch; j++)
            {
                sources[j] = new CancellationTokenSource(s_limit);
            }

            for (int j = 0; j < Batch; j++)
            {
                sources[j].Dispose();
            }
        }

        return Task.CompletedTask;
    }

    private static Task PlainTicks(int n)
    {
        return TaskScope.RunAsync(Body);

        ValueTask Body(TaskScope scope)
        {
            for (int i = 0; i < Batch; i++)
            {
                scope.Spawn(Ticks);
            }

            return ValueTask.CompletedTask;
        }

        async ValueTask Ticks(CancellationToken cancellationToken)
        {
            var interval = new Interval(s_period, MissedTicks.Skip);
            for (int i = 0; i < n / Batch; i++)
            {
                await interval.TickAsync(cancellationToken);
            }
        }
    }

    private static Task FiberTicks(int n) => TaskScope.RunAsync(async scope =>
    {
        for (int i = 0; i < Batch; i++)
        {
            scope.Spawn(async ct =>
            {
                var interval = new Interval(s_period, MissedTicks.Skip);
                for (int i = 0; i < n / Batch; i++)
                {
                    await interval.TickAsync(ct);
                }
            });
        }
    });

    private static async Task PeriodicTicks(int n)
    {
        using var source = new CancellationTokenSource();
        var tasks = new Task[Batch];
        for (int i = 0; i < Batch; i++)
        {
            tasks[i] = Task.Run(async () =>
            {
                using var timer = new PeriodicTimer(s_period);
                for (int i = 0; i < n / Batch; i++)
                {
                    await timer.WaitForNextTickAsync(source.Token);
                }
            });
        }

        await Task.WhenAll(tasks);
    }

    private sealed class Silent : WheelTimer
    {
        public override void OnDue()
        {
        }
    }
}
