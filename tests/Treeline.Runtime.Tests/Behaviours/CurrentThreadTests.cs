namespace Treeline.Tests.Behaviours;

/// <summary>A current-thread runtime runs on the thread that blocks on it, and only then.</summary>
public sealed class CurrentThreadTests : TreeTest
{
    [Fact]
    public Task Everything_runs_on_the_thread_that_blocks() => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build("current thread");
        int home = Environment.CurrentManagedThreadId;
        var threads = new List<int>();
        runtime.BlockOn(async scope =>
        {
            threads.Add(Environment.CurrentManagedThreadId);
            scope.Spawn(async _ =>
            {
                await Clock.Delay(TimeSpan.FromMilliseconds(1));
                threads.Add(Environment.CurrentManagedThreadId);
            });
            scope.Spawn(async Task (_) =>
            {
                await Task.Run(static () => { });
                threads.Add(Environment.CurrentManagedThreadId);
            });
            await Task.Delay(1);
            threads.Add(Environment.CurrentManagedThreadId);
        });
        Assert.Equal([home, home, home, home], threads);
    });

    [Fact]
    public Task What_is_spawned_waits_for_somebody_to_block() => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build("current thread");
        int runs = 0;
        ChildTask first = runtime.Spawn(async _ => runs++);
        var goOn = new ManualResetSignal();
        var waits = false;
        ChildTask second = runtime.Spawn(async _ =>
        {
            waits = true;
            await goOn.Wait();
            runs++;
        });

        // Whoever would run it by now has had the time for thousands of others.
        await Task.Run(static async () =>
        {
            for (int i = 0; i < 10_000; i++)
            {
                await Task.Yield();
            }
        });
        Assert.Equal(0, runs);
        runtime.BlockOn(async _ => await first);
        Assert.Equal((1, true, false), (runs, waits, second.IsCompleted));

        goOn.Set();
        await Task.Yield();
        Assert.False(second.IsCompleted);
        runtime.BlockOn(async _ => await second);
        Assert.Equal(2, runs);
    });

    [Fact]
    public Task Several_who_block_take_turns_and_all_get_what_they_wait_for() => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build("current thread");
        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Factory.StartNew(
            () => Assert.Equal(i, runtime.BlockOn(async _ =>
            {
                for (int j = 0; j < 10; j++)
                {
                    await Clock.Delay(TimeSpan.FromMilliseconds(1));
                }

                return i;
            })),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
    });

    [Fact]
    public Task Shut_down_it_runs_what_is_left_to_its_end() => InTime(async () =>
    {
        bool cleanedUp = false;
        Runtime runtime = Shapes.Build("current thread");
        var begun = new ManualResetSignal();
        runtime.Spawn(async ct =>
        {
            try
            {
                begun.Set();
                await Forever(ct);
            }
            finally
            {
                await Fiber.Yield();
                cleanedUp = true;
            }
        });
        runtime.BlockOn(async _ => await begun.Wait());
        runtime.Dispose();
        Assert.True(cleanedUp);
    });
}
