namespace Treeline.Bench;

/// <summary>How long work waits for its turn beside work that keeps every core busy. The figure is a percentile.</summary>
internal static class LatencyRows
{
    private const int Probes = 200;
    private const int Batch = 250;
    private static readonly TimeSpan s_block = TimeSpan.FromMilliseconds(200);

    public static IEnumerable<Row> All =>
    [
        Foreign(0.5, "p50", new()),
        Foreign(0.99, "p99", new() { Figure = 1e6 }),
        new()
        {
            Name = "delay of a child while others block every core, p99",
            Peer = "Thread.Sleep(200) in Task.Run on every core, the delay of Task.Run",
            Operations = Probes,
            Sides =
            [
                Side.Plain(PlainBesideBlockers, new() { Ratio = 0.1 }),
                Side.Fiber(FiberBesideBlockers, new() { Ratio = 0.1 }),
            ],
            Theirs = RunBesideBlockers,
        },
    ];

    private static Row Foreign(double percentile, string name, Promise promise) => new()
    {
        Name = $"delay of foreign pool work under load, {name}",
        Peer = "the load is batches of Task.Run + WhenAll",
        Operations = Probes,
        Sides =
        [
            Side.Plain(n => ForeignAsync(n, percentile, PlainLoad), promise),
            Side.Fiber(n => ForeignAsync(n, percentile, FiberLoad), promise),
        ],
        Theirs = n => ForeignAsync(n, percentile, RunLoad),
    };

    private static async Task<Sample> ForeignAsync(int n, double percentile, Func<Stop, Task> load)
    {
        var stop = new Stop();
        // Two loads for each core, so that none has nothing to do while one of them joins its batch.
        Task[] busy = [.. Enumerable.Range(0, 2 * Environment.ProcessorCount).Select(_ => Task.Run(() => load(stop)))];
        double[] delays = await Probe.DelaysAsync(
            n, static item => ThreadPool.UnsafeQueueUserWorkItem(static item => item(), item, preferLocal: false));
        stop.Requested = true;
        await Task.WhenAll(busy);
        return At(percentile, delays);
    }

    private static Task PlainLoad(Stop stop)
    {
        return TaskScope.RunAsync(Body);

        async ValueTask Body(TaskScope outer)
        {
            while (!stop.Requested)
            {
                await TaskScope.RunAsync(SpawnBatch, outer.Token);
            }
        }

        static ValueTask SpawnBatch(TaskScope scope)
        {
            for (int i = 0; i < Batch; i++)
            {
                scope.Spawn(Suspend);
            }

            return ValueTask.CompletedTask;
        }

        static async ValueTask Suspend(CancellationToken _) => await Task.Yield();
    }

    private static Task FiberLoad(Stop stop) => TaskScope.RunAsync(async outer =>
    {
        while (!stop.Requested)
        {
            await TaskScope.RunAsync(
                static async scope =>
                {
                    for (int i = 0; i < Batch; i++)
                    {
                        scope.Spawn(static async _ => await Fiber.Yield());
                    }
                },
                outer.Token);
        }
    });

    private static async Task RunLoad(Stop stop)
    {
        var tasks = new Task[Batch];
        while (!stop.Requested)
        {
            for (int i = 0; i < Batch; i++)
            {
                tasks[i] = Task.Run(static async () => await Task.Yield());
            }

            await Task.WhenAll(tasks);
        }
    }

    private static async Task<Sample> PlainBesideBlockers(int n)
    {
        ForgetBlocking();
        await using TaskScope scope = TaskScope.Open();
        for (int i = 0; i < Environment.ProcessorCount; i++)
        {
            scope.Spawn(static _ =>
            {
                Thread.Sleep(s_block);
                return ValueTask.CompletedTask;
            });
        }

        double[] delays = await Probe.DelaysAsync(n, item => scope.Spawn(_ =>
        {
            item();
            return ValueTask.CompletedTask;
        }));
        await scope.JoinAsync();
        return At(0.99, delays);
    }

    private static async Task<Sample> FiberBesideBlockers(int n)
    {
        ForgetBlocking();
        await using TaskScope scope = TaskScope.Open();
        for (int i = 0; i < Environment.ProcessorCount; i++)
        {
            scope.Spawn(static async _ => Thread.Sleep(s_block));
        }

        double[] delays = await Probe.DelaysAsync(n, item => scope.Spawn(async _ => item()));
        await scope.JoinAsync();
        return At(0.99, delays);
    }

    private static async Task<Sample> RunBesideBlockers(int n)
    {
        ForgetBlocking();
        Task[] blockers =
            [.. Enumerable.Range(0, Environment.ProcessorCount).Select(static _ => Task.Run(static () => Thread.Sleep(s_block)))];
        double[] delays = await Probe.DelaysAsync(n, static item => Task.Run(item));
        await Task.WhenAll(blockers);
        return At(0.99, delays);
    }

    /// <summary>
    /// Brings the thread pool back to a thread a core, where a program starts that has not blocked yet: it keeps for a
    /// while the threads that it added for the blockers of the round before.
    /// </summary>
    private static void ForgetBlocking()
    {
        ThreadPool.GetMaxThreads(out int workers, out int ports);
        ThreadPool.SetMaxThreads(Environment.ProcessorCount, ports);
        ThreadPool.SetMaxThreads(workers, ports);
    }

    private static Sample At(double percentile, double[] sorted) => new(sorted[(int)(percentile * (sorted.Length - 1))]);

    private sealed class Stop
    {
        private volatile bool _requested;

        public bool Requested
        {
            get => _requested;
            set => _requested = value;
        }
    }
}
