using System.Net;
using Treeline.Futures;
using Treeline.Net;

namespace Treeline.Tests.Behaviours;

/// <summary>
/// What Tokio promises in the documentation of its runtime: a task that is ready is polled within a bounded number of polls of others, I/O
/// and timers are looked at even while tasks are always ready.
/// </summary>
public sealed class FairnessTests : TreeTest
{
    [Theory]
    [MemberData(nameof(Shapes.WithOneWorker), MemberType = typeof(Shapes))]
    public Task A_quick_task_runs_soon_although_another_is_always_ready(string shape) => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build(shape);
        int waits = 0;
        int seen = -1;
        runtime.BlockOn(async scope =>
        {
            var notify = new Notify();
            scope.Spawn(async _ =>
            {
                scope.Spawn(async _ => seen = waits);
                while (seen < 0)
                {
                    notify.NotifyOne();
                    await notify.NotifiedAsync(); // over at once
                    waits++;
                }
            });
        });

        Assert.InRange(seen, 1, 2 * WorkerThread.FullBudget);
    });

    [Theory]
    [MemberData(nameof(Shapes.WithOneWorker), MemberType = typeof(Shapes))]
    public Task Every_turn_of_a_task_that_is_always_ready_has_the_same_budget(string shape) => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build(shape);
        int waits = 0;
        bool over = false;
        var turns = new List<int>();
        runtime.BlockOn(async scope =>
        {
            var notify = new Notify();
            scope.Spawn(async _ =>
            {
                while (!over)
                {
                    notify.NotifyOne();
                    await notify.NotifiedAsync();
                    waits++;
                }
            });
            scope.Spawn(async _ =>
            {
                for (int i = 0; i < 20; i++)
                {
                    int before = waits;
                    await Fiber.Yield();
                    turns.Add(waits - before);
                }

                over = true;
            });
        });

        Assert.All(turns, static turn => Assert.InRange(turn, 1, WorkerThread.FullBudget + 1));
    });

    [Theory]
    [MemberData(nameof(Shapes.WithOneWorker), MemberType = typeof(Shapes))]
    public Task Two_that_always_wake_each_other_let_a_third_run(string shape) => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build(shape);
        int passes = 0;
        bool over = false;
        var between = new List<int>();
        runtime.BlockOn(async scope =>
        {
            var ping = new Notify();
            var pong = new Notify();
            scope.Spawn(_ => Pass(ping, pong));
            scope.Spawn(_ => Pass(pong, ping));
            ping.NotifyOne();
            scope.Spawn(async _ =>
            {
                for (int i = 0; i < 50; i++)
                {
                    int before = passes;
                    await Fiber.Yield();
                    between.Add(passes - before);
                }

                over = true;
                ping.NotifyOne();
                pong.NotifyOne();
            });
        });

        Assert.All(between, static passes => Assert.InRange(passes, 0, 8));
        Assert.Contains(between, static passes => passes > 0);

        async Fiber Pass(Notify from, Notify to)
        {
            while (!over)
            {
                await from.NotifiedAsync();
                passes++;
                to.NotifyOne();
            }
        }
    });

    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public Task Timers_fire_although_tasks_always_wake_themselves(string shape) => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build(shape);
        bool over = false;
        runtime.BlockOn(async scope =>
        {
            SpawnGreedy(scope, () => over);
            for (int i = 0; i < 5; i++)
            {
                await Clock.Delay(TimeSpan.FromMilliseconds(2));
            }

            over = true;
        });
    });

    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public Task Sockets_are_served_although_tasks_always_wake_themselves(string shape) => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build(shape);
        bool over = false;
        runtime.BlockOn(async scope =>
        {
            SpawnGreedy(scope, () => over);
            using var listener = TcpListener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            scope.Spawn(async ct =>
            {
                using TcpStream server = await listener.AcceptAsync(ct);
                var buffer = new byte[16];
                int read;
                while ((read = await server.ReadAsync(buffer, ct)) > 0)
                {
                    await server.WriteAsync(buffer.AsMemory(0, read), ct);
                }
            });
            using TcpStream client = await TcpStream.ConnectAsync(listener.LocalEndPoint);
            var echo = new byte[1];
            for (byte i = 0; i < 20; i++)
            {
                await client.WriteAsync(new[] { i });
                await client.ReadExactlyAsync(echo);
                Assert.Equal(i, echo[0]);
            }

            client.Shutdown();
            over = true;
        });
    });

    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public Task What_comes_from_outside_runs_although_tasks_always_wake_themselves(string shape) => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build(shape);
        bool over = false;
        var begun = Signal();
        Task outside = Task.Run(async () =>
        {
            await begun.Task;
            for (int i = 0; i < 20; i++)
            {
                Assert.Equal(i, await runtime.Spawn(async _ => i));
            }

            Volatile.Write(ref over, true);
        });
        runtime.BlockOn(async scope =>
        {
            SpawnGreedy(scope, () => Volatile.Read(ref over));
            begun.SetResult();
            await outside;
        });
        await outside;
    });

    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public Task A_blocking_call_does_not_keep_others_waiting(string shape) => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build(shape);
        using var release = new ManualResetEventSlim();
        runtime.BlockOn(async scope =>
        {
            ChildTask blocked = scope.SpawnBlocking(_ => release.Wait());
            for (int i = 0; i < 100; i++)
            {
                await Fiber.Yield();
            }

            await Clock.Delay(TimeSpan.FromMilliseconds(1));
            Assert.False(blocked.IsCompleted);
            release.Set();
            await blocked;
        });
    });

    /// <summary>Fibers, futures and plain methods that are always ready to go on.</summary>
    private static void SpawnGreedy(TaskScope scope, Func<bool> isOver)
    {
        for (int i = 0; i < 2; i++)
        {
            scope.Spawn(async _ =>
            {
                while (!isOver())
                {
                    await Fiber.Yield();
                }
            });
            scope.Spawn(async _ =>
            {
                await Future.FromPoll((ref Context context) =>
                {
                    context.Waker.Wake();
                    return isOver() ? true : Poll<bool>.Pending;
                });
            });
            scope.Spawn(async Task (_) =>
            {
                while (!isOver())
                {
                    await Task.Yield();
                }
            });
        }
    }
}
