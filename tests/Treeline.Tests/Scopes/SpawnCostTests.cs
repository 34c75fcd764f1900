namespace Treeline.Tests.Scopes;

/// <summary>What spawning costs in bytes, measured against what a .NET developer writes for it today.</summary>
public sealed class SpawnCostTests : TreeTest
{
    private const int Batches = 50;
    private const int Batch = 1_000;

    private static readonly Func<CancellationToken, ValueTask> s_trivial = static _ => ValueTask.CompletedTask;
    private static readonly Func<CancellationToken, ValueTask> s_suspending = static async _ => await Task.Yield();

    [Fact]
    public Task Spawning_and_joining_a_trivial_child_allocates_no_more_than_TaskRun_with_a_linked_source() =>
        InTime(async () =>
        {
            long spawn = await LeastPerChild(static () => TaskScope.RunAsync(static async outer =>
            {
                for (int i = 0; i < Batches; i++)
                {
                    await TaskScope.RunAsync(
                        static scope =>
                        {
                            for (int j = 0; j < Batch; j++)
                            {
                                scope.Spawn(static ct => new ValueTask(Trivial(ct)));
                            }

                            return ValueTask.CompletedTask;
                        },
                        outer.Token);
                }
            }));
            long taskRun = await LeastPerChild(static async () =>
            {
                using var outer = new CancellationTokenSource();
                var tasks = new Task[Batch];
                for (int i = 0; i < Batches; i++)
                {
                    for (int j = 0; j < Batch; j++)
                    {
                        // As with Spawn, the work is asynchronous and is given a token of its own scope.
                        tasks[j] = Task.Run(async () =>
                        {
                            using var linked = CancellationTokenSource.CreateLinkedTokenSource(outer.Token);
                            await Trivial(linked.Token);
                        });
                    }

                    await Task.WhenAll(tasks);
                }
            });
            Assert.True(spawn > 0 && spawn <= taskRun, $"A child costs {spawn} bytes, Task.Run with a linked source {taskRun}.");
        });

    // Ceilings in bytes, somewhat above what is measured, so that growth is noticed. What fibers cost: FiberCostTests.
    [Theory]
    [InlineData(false, 120)]
    [InlineData(true, 216)]
    public Task A_child_of_plain_code_stays_below_its_ceiling(bool suspends, int ceiling) => InTime(async () =>
    {
        long bytes = await LeastPerChild(() => TaskScope.RunAsync(async outer =>
        {
            for (int i = 0; i < Batches; i++)
            {
                await TaskScope.RunAsync(
                    scope =>
                    {
                        for (int j = 0; j < Batch; j++)
                        {
                            scope.Spawn(suspends ? s_suspending : s_trivial);
                        }

                        return ValueTask.CompletedTask;
                    },
                    outer.Token);
            }
        }));
        Assert.True(bytes <= ceiling, $"A child costs {bytes} bytes.");
    });

    [Fact]
    public Task A_scope_of_two_fibers_stays_below_its_ceiling() => InTime(async () =>
    {
        long bytes = await LeastPerChild(static () => TaskScope.RunAsync(static async outer =>
        {
            for (int i = 0; i < Batches * Batch; i++)
            {
                await TaskScope.RunAsync(
                    static async scope =>
                    {
                        scope.Spawn(static async _ => await Fiber.Yield());
                        scope.Spawn(static async _ => await Fiber.Yield());
                    },
                    outer.Token);
            }
        }));
        Assert.True(bytes <= 600, $"A scope costs {bytes} bytes.");
    });

    [Fact]
    public Task A_scope_of_two_children_of_plain_code_stays_below_its_ceiling() => InTime(async () =>
    {
        long bytes = await LeastPerChild(static () => TaskScope.RunAsync(static async outer =>
        {
            for (int i = 0; i < Batches * Batch; i++)
            {
                await TaskScope.RunAsync(
                    static scope =>
                    {
                        scope.Spawn(s_suspending);
                        scope.Spawn(s_suspending);
                        return ValueTask.CompletedTask;
                    },
                    outer.Token);
            }
        }));
        Assert.True(bytes <= 1_100, $"A scope costs {bytes} bytes.");
    });

    private static Task Trivial(CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken) : Task.CompletedTask;

    /// <summary>The least of several measurements: what else the process does can only add to one.</summary>
    private static async Task<long> LeastPerChild(Func<Task> work)
    {
        long least = long.MaxValue;
        for (int round = 0; round < 8; round++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            await work();
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        return least / (Batches * Batch);
    }
}
