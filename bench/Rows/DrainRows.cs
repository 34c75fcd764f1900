using System.Diagnostics;

namespace Treeline.Bench;

/// <summary>From the cancellation of a scope full of waiting children until the last of them has ended.</summary>
internal static class DrainRows
{
    private const int Children = 10_000;

    public static IEnumerable<Row> All =>
    [
        new()
        {
            Name = "drain 10,000 waiting children after cancel",
            Peer = "Task.Run in Task.Delay with one linked token, Cancel, WhenAll",
            Operations = 1,
            Sides =
            [
                Side.Plain(static _ => Plain(), new() { Figure = 50e6 }),
                Side.Fiber(static _ => AsFiber(), new() { Figure = 50e6 }),
            ],
            Theirs = static _ => Shared(),
            Twin = "drain",
        },
    ];

    private static Task<Sample> Plain() => InScopeAsync(static (scope, arrivals, ends) =>
    {
        Func<CancellationToken, ValueTask> child = async token =>
        {
            try
            {
                arrivals.Signal();
                await Task.Delay(Timeout.Infinite, token);
            }
            finally
            {
                ends.Signal();
            }
        };
        for (int i = 0; i < Children; i++)
        {
            scope.Spawn(child);
        }
    });

    private static Task<Sample> AsFiber() => InScopeAsync(static (scope, arrivals, ends) =>
    {
        Func<CancellationToken, Fiber> child = async token =>
        {
            try
            {
                arrivals.Signal();
                await Task.Delay(Timeout.Infinite, token);
            }
            finally
            {
                ends.Signal();
            }
        };
        for (int i = 0; i < Children; i++)
        {
            scope.Spawn(child);
        }
    });

    private static Task<Sample> InScopeAsync(Action<TaskScope, Countdown, Countdown> spawn)
    {
        var arrivals = new Countdown(Children);
        var ends = new Countdown(Children);
        TaskScope scope = TaskScope.Open();
        spawn(scope, arrivals, ends);
        return DrainAsync(arrivals, ends, async () =>
        {
            scope.Cancel();
            await scope.DisposeAsync();
        });
    }

    private static async Task<Sample> Shared()
    {
        var arrivals = new Countdown(Children);
        var ends = new Countdown(Children);
        using var outer = new CancellationTokenSource();
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(outer.Token);
        var tasks = new Task[Children];
        Func<Task> child = WaitAsync;
        for (int i = 0; i < Children; i++)
        {
            tasks[i] = Task.Run(child, linked.Token);
        }

        return await DrainAsync(arrivals, ends, async () =>
        {
            linked.Cancel();
            try
            {
                await Task.WhenAll(tasks);
            }
            catch (OperationCanceledException)
            {
                // As asked.
            }
        });

        async Task WaitAsync()
        {
            try
            {
                arrivals.Signal();
                await Task.Delay(Timeout.Infinite, linked.Token);
            }
            finally
            {
                ends.Signal();
            }
        }
    }

    private static async Task<Sample> DrainAsync(Countdown arrivals, Countdown ends, Func<Task> drain)
    {
        await arrivals.Zero;
        // The last to be counted is still on its way into the wait.
        await Task.Delay(5);
        long bytes = GC.GetTotalAllocatedBytes(precise: true);
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        await drain();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        return ends.Left == 0
            ? new Sample(
                elapsed.TotalNanoseconds,
                (Environment.CpuUsage.TotalTime - cpu).TotalNanoseconds,
                GC.GetTotalAllocatedBytes(precise: true) - bytes)
            : throw new InvalidOperationException($"{ends.Left} children were left after the drain.");
    }
}
