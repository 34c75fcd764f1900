using System.Collections.Concurrent;

namespace Treeline.Tests;

public sealed class RuntimeTests : TreeTest
{
    private static readonly TimeSpan s_long = TimeSpan.FromSeconds(30);

    private readonly AsyncLocal<string?> _local = new();

    public static TheoryData<string> Shapes => ["multi", "one", "current", "core"];

    [Theory]
    [MemberData(nameof(Shapes))]
    public Task All_six_shapes_of_a_body_run_on_a_worker_from_their_first_line(string shape) => InTime(() => OnThread.RunAsync(() =>
    {
        using Runtime runtime = Make(shape).Build();
        var seen = new ConcurrentBag<RuntimeHandle>();
        void Note() => seen.Add(RuntimeHandle.Current);

        runtime.BlockOn(async Task (_) =>
        {
            Note();
            await Task.Yield();
            Note();
        });
        runtime.BlockOn(async ValueTask (_) =>
        {
            Note();
            await Task.Yield();
            Note();
        });
        runtime.BlockOn(async Fiber (_) =>
        {
            Note();
            await Fiber.Yield();
            Note();
        });
        Assert.Equal(1, runtime.BlockOn(async Task<int> (_) =>
        {
            Note();
            await Task.Yield();
            return 1;
        }));
        Assert.Equal(2, runtime.BlockOn(async ValueTask<int> (_) =>
        {
            Note();
            await Task.Yield();
            return 2;
        }));
        Assert.Equal(3, runtime.BlockOn(async Fiber<int> (_) =>
        {
            Note();
            await Fiber.Yield();
            return 3;
        }));
        Assert.Equal(9, seen.Count);
        Assert.All(seen, each => Assert.Same(runtime, each));
    }));

    [Theory]
    [MemberData(nameof(Shapes))]
    public Task Foreign_awaits_come_back_to_the_workers_with_their_context(string shape) => InTime(() => OnThread.RunAsync(() =>
    {
        using Runtime runtime = Make(shape).Build();
        runtime.BlockOn(async scope =>
        {
            await scope.Spawn(async Fiber (_) => await ForeignAwaits(runtime), "fiber");
            await scope.Spawn(async Task (_) => await ForeignAwaits(runtime), "plain");
        });
    }));

    [Theory]
    [MemberData(nameof(Shapes))]
    public Task Timers_are_due_on_the_workers(string shape) => InTime(() => OnThread.RunAsync(() =>
    {
        using Runtime runtime = Make(shape).Build();
        runtime.BlockOn(async scope =>
        {
            for (int i = 0; i < 20; i++)
            {
                int milliseconds = i;
                scope.Spawn(async ct =>
                {
                    await Clock.Delay(TimeSpan.FromMilliseconds(milliseconds), ct);
                    Assert.Same(runtime, RuntimeHandle.Current);
                });
            }

            await Clock.Delay(TimeSpan.FromMilliseconds(1));
        });
    }));

    [Theory]
    [MemberData(nameof(Shapes))]
    public Task Nothing_is_left_of_a_runtime(string shape) => InTime(() => OnThread.RunAsync(() =>
    {
        RunOnce(); // what is made once for all
        int threads = ThreadCensus.Alive.Count;
        int descriptors = Descriptors();
        for (int i = 0; i < 5; i++)
        {
            RunOnce();
        }

        Assert.Equal(threads, ThreadCensus.Alive.Count);
        Assert.True(SpinWait.SpinUntil(() => Descriptors() <= descriptors, s_long)); // a late waker may be the last to use them

        void RunOnce()
        {
            using Runtime runtime = Make(shape).Build();
            runtime.BlockOn(async scope =>
            {
                scope.Spawn(async _ => await Fiber.Yield());
                await Clock.Delay(TimeSpan.FromMilliseconds(1));
            });
        }
    }));

    [Fact]
    public Task An_error_surfaces_as_itself_and_so_does_cancellation() => InTime(() => OnThread.RunAsync(() =>
    {
        using Runtime runtime = Make("multi").Build();
        Assert.Throws<OopsException>(() => runtime.BlockOn(async scope =>
        {
            scope.Spawn(async _ =>
            {
                await Fiber.Yield();
                throw new OopsException("a child failed");
            });
            await Forever(scope.Token);
        }));

        using var source = new CancellationTokenSource();
        OperationCanceledException cancelled = Assert.ThrowsAny<OperationCanceledException>(() => runtime.BlockOn(
            async scope =>
            {
                source.Cancel();
                await Forever(scope.Token);
            },
            source.Token));
        Assert.Equal(source.Token, cancelled.CancellationToken);
    }));

    [Fact]
    public Task Blocking_on_a_runtime_from_a_worker_throws_and_says_why() => InTime(() => OnThread.RunAsync(() =>
    {
        using Runtime runtime = Make("multi").Name("engine").Build();
        runtime.BlockOn(async scope =>
        {
            await Fiber.Yield();
            var e = Assert.Throws<InvalidOperationException>(() => runtime.BlockOn(static _ => ValueTask.CompletedTask));
            Assert.Contains("worker of 'engine'", e.Message, StringComparison.Ordinal);
            Assert.Contains("SpawnBlocking", e.Message, StringComparison.Ordinal);

            // Where one may block, one may.
            Assert.Equal(7, await scope.SpawnBlocking(_ => runtime.BlockOn(static _ => ValueTask.FromResult(7))));
        });
    }));

    [Fact]
    public Task Several_threads_block_on_one_current_thread_runtime() => InTime(async () =>
    {
        using Runtime runtime = Make("current").Build();
        int ran = 0;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => OnThread.RunAsync(() =>
        {
            for (int i = 0; i < 50; i++)
            {
                runtime.BlockOn(async Fiber (scope) =>
                {
                    ChildTask child = scope.Spawn(async _ => await Fiber.Yield());
                    await child;
                    await Clock.Delay(TimeSpan.FromTicks(1));
                    ran++; // one at a time
                });
            }
        })));
        Assert.Equal(200, ran);
        await OnThread.RunAsync(runtime.Dispose);
    });

    [Fact]
    public Task What_is_spawned_on_a_current_thread_runtime_waits_for_who_blocks() => InTime(() => OnThread.RunAsync(() =>
    {
        using Runtime runtime = Make("current").Build();
        int thread = 0;
        ChildTask child = runtime.Spawn(async _ =>
        {
            await Fiber.Yield();
            thread = Environment.CurrentManagedThreadId;
        });
        Assert.Equal(0, thread);
        runtime.BlockOn(async _ => await child);
        Assert.Equal(Environment.CurrentManagedThreadId, thread);
    }));

    [Fact]
    public Task A_worker_that_blocks_keeps_neither_timers_nor_others_waiting() => InTime(() => OnThread.RunAsync(() =>
    {
        using Runtime runtime = Make("one").Build();
        using var release = new ManualResetEventSlim();
        runtime.BlockOn(async scope =>
        {
            scope.Spawn(async _ =>
            {
                await Fiber.Yield();
                Assert.True(release.Wait(s_long)); // blocks the one worker
            });
            await Fiber.Yield();
            await Clock.Delay(TimeSpan.FromMilliseconds(5));
            release.Set();
        });
        Assert.InRange(runtime.Metrics.HandOffs, 1, long.MaxValue);
    }));

    [Fact]
    public Task Idle_uses_no_processor_time() => InTime(() => OnThread.RunAsync(() =>
    {
        var all = new List<Runtime>();
        foreach (string shape in (string[])["multi", "one", "core"])
        {
            all.Add(Make(shape).Build());
            all[^1].BlockOn(static async _ => await Clock.Delay(TimeSpan.FromMilliseconds(1)));
        }

        long[] parks = Parks();
        Thread.Sleep(300); // the monitors fall asleep meanwhile
        parks = Parks();
        Thread.Sleep(500);
        Assert.Equal(parks, Parks());
        Assert.All(
            all.SelectMany(static runtime => runtime.Cores), static core => Assert.True(core.Scheduler.Monitor?.IsAsleep ?? true));
        all.ForEach(static runtime => runtime.Dispose());

        long[] Parks() => [.. all.SelectMany(static runtime => runtime.Metrics.Workers).Select(static worker => (long)worker.Parks)];
    }));

    [Fact]
    public Task No_wake_up_is_lost_when_foreign_threads_schedule_while_workers_park() => InTime(() => OnThread.RunAsync(() =>
    {
        const int Rounds = 5_000;
        using Runtime runtime = Make("multi").Build();
        using var done = new SemaphoreSlim(0);
        for (int round = 0; round < Rounds; round++)
        {
            ChildTask child = runtime.Spawn(async Task (_) =>
            {
                await Task.Yield();
                done.Release();
            });
            Assert.True(done.Wait(s_long), $"Lost in round {round}.");
        }
    }));

    [Fact]
    public Task A_timer_set_by_another_worker_wakes_who_sleeps_in_the_driver() => InTime(() => OnThread.RunAsync(() =>
    {
        using Runtime runtime = Make("multi").Build();
        runtime.BlockOn(async scope =>
        {
            // Somebody sleeps for long; then timers that are due sooner are set, from changing threads.
            using var over = new CancellationTokenSource();
            scope.Spawn(async _ => await Forever(over.Token).ContinueWith(static _ => { }, TaskScheduler.Default));
            for (int i = 0; i < 100; i++)
            {
                await Task.Run(static () => { });
                await Clock.Delay(TimeSpan.FromMilliseconds(i % 3));
            }

            over.Cancel();
        });
    }));

    [Fact]
    public Task A_slow_poll_is_told_with_the_name_and_where_it_was_spawned() => InTime(() => OnThread.RunAsync(() =>
    {
        foreach (string shape in (string[])["multi", "core"])
        {
            using var told = new BlockingCollection<SlowPoll>();
            using Runtime runtime = Make(shape).OnSlowPoll(TimeSpan.FromMilliseconds(20), told.Add).Build();
            runtime.BlockOn(scope =>
            {
                scope.Spawn(
                    async _ =>
                    {
                        await Fiber.Yield();
                        Assert.True(told.TryTake(out SlowPoll? slow, s_long));
                        Assert.Contains("the slow one", slow.Task, StringComparison.Ordinal);
                        Assert.Contains(nameof(RuntimeTests), slow.SpawnSite, StringComparison.Ordinal);
                        Assert.InRange(slow.Elapsed, TimeSpan.FromMilliseconds(20), s_long);
                    },
                    "the slow one");
                return ValueTask.CompletedTask;
            });
            Assert.InRange(runtime.Metrics.SlowPolls, 1, long.MaxValue);
        }
    }));

    [Fact]
    public Task Hooks_see_each_thread_begin_and_end_and_threads_have_their_name() => InTime(() => OnThread.RunAsync(() =>
    {
        var seen = new ConcurrentQueue<(string What, int Thread, string? Name)>();
        void Note(string what) => seen.Enqueue((what, Environment.CurrentManagedThreadId, Thread.CurrentThread.Name));

        using (Runtime runtime = Make("one")
            .ThreadName("mine")
            .OnThreadStart(() => Note("start"))
            .OnThreadUnpark(() => Note("unpark"))
            .OnThreadPark(() => Note("park"))
            .OnThreadStop(() => Note("stop"))
            .Build())
        {
            runtime.BlockOn(static async _ => await Fiber.Yield());
        }

        foreach (var thread in seen.GroupBy(static note => note.Thread))
        {
            Assert.Equal("start", thread.First().What);
            Assert.Equal("stop", thread.Last().What);
            Assert.StartsWith("mine", thread.First().Name, StringComparison.Ordinal);
        }

        Assert.Contains(seen, static note => note.What == "unpark");
    }));

    [Fact]
    public Task Shutting_down_cancels_what_still_runs_and_waits_for_it() => InTime(events => OnThread.RunAsync(() =>
    {
        using Runtime runtime = Make("multi").Build();
        using var begun = new ManualResetEventSlim();
        runtime.Spawn(async Task (ct) =>
        {
            begun.Set();
            try
            {
                await Forever(ct);
            }
            finally
            {
                events.Expect(1);
            }
        });
        Assert.True(begun.Wait(s_long));
        runtime.Shutdown(TimeSpan.FromMilliseconds(20));
        events.Finish(2);
        runtime.Shutdown(TimeSpan.Zero); // twice is fine
        var e = Assert.Throws<InvalidOperationException>(() => runtime.BlockOn(static _ => ValueTask.CompletedTask));
        Assert.Contains("has been shut down", e.Message, StringComparison.Ordinal);
    }));

    [Fact]
    public Task What_does_not_end_is_named() => InTime(async () =>
    {
        await OnThread.RunAsync(LeaveSomething);
        await Until(static () => All().TrueForAll(static node => node.Name is not ("the deaf one" or "runtime")));
    });

    private static void LeaveSomething()
    {
        Runtime runtime = Make("multi").ShutdownPatience(TimeSpan.FromMilliseconds(50)).Build();
        TaskCompletionSource release = Signal();
        TaskCompletionSource ended = Signal();
        using var begun = new ManualResetEventSlim();
        runtime.Spawn(
            async Task (_) =>
            {
                begun.Set();
                await release.Task;
                ended.SetResult();
            },
            "the deaf one");
        Assert.True(begun.Wait(s_long));
        var e = Assert.Throws<AbandonedException>(runtime.Dispose);
        Assert.Contains("the deaf one", e.Message, StringComparison.Ordinal);
        release.SetResult();
        Assert.True(ended.Task.Wait(s_long));
    }

    [Fact]
    public Task A_runtime_on_which_somebody_blocks_cannot_be_shut_down() => InTime(() => OnThread.RunAsync(() =>
    {
        using Runtime runtime = Make("current").Build();
        var e = Assert.Throws<InvalidOperationException>(() => runtime.BlockOn(async scope =>
            await scope.SpawnBlocking(_ => runtime.Dispose())));
        Assert.Contains("1 thread blocks on it still", e.Message, StringComparison.Ordinal);
        Assert.Equal(1, runtime.BlockOn(static _ => ValueTask.FromResult(1))); // nothing has happened
    }));

    [Fact]
    public Task Shutting_a_runtime_down_on_its_worker_throws_and_says_why() => InTime(() => OnThread.RunAsync(() =>
    {
        using Runtime runtime = Make("multi").Name("engine").Build();
        runtime.BlockOn(async _ =>
        {
            await Fiber.Yield();
            var e = Assert.Throws<InvalidOperationException>(runtime.Dispose);
            Assert.Contains("'engine'", e.Message, StringComparison.Ordinal);
        });
        Assert.Equal(1, runtime.BlockOn(static _ => ValueTask.FromResult(1)));
    }));

    [Fact]
    public Task What_it_was_built_without_says_which_call_is_missing() => InTime(() => OnThread.RunAsync(() =>
    {
        using Runtime bare = Runtime.CreateBuilder().MultiThread(1).Name("bare").Build();
        bare.BlockOn(async _ =>
        {
            var e = Assert.Throws<InvalidOperationException>(static () => Treeline.Net.Network.OfCaller);
            Assert.Contains("EnableIo()", e.Message, StringComparison.Ordinal);
            e = await Assert.ThrowsAsync<InvalidOperationException>(static async () => await Clock.Delay(TimeSpan.FromSeconds(1)));
            Assert.Contains("EnableTime()", e.Message, StringComparison.Ordinal);
        });
    }));

    [Fact]
    public Task Work_stays_on_the_thread_of_its_core() => InTime(() => OnThread.RunAsync(() =>
    {
        using Runtime runtime = Runtime.CreateBuilder().ThreadPerCore(2).UseDriver(DriverKind.Epoll).EnableAll().Build();
        var threads = new ConcurrentDictionary<Executor, ConcurrentBag<int>>();
        runtime.BlockOnEachCore(async Fiber (scope) =>
        {
            for (int i = 0; i < 20; i++)
            {
                scope.Spawn(async _ =>
                {
                    for (int step = 0; step < 5; step++)
                    {
                        await Fiber.Yield();
                        threads.GetOrAdd(Executor.Current, static _ => []).Add(Environment.CurrentManagedThreadId);
                    }
                });
            }

            await Fiber.Yield();
        });
        Assert.Equal(runtime.Executors.ToHashSet(), [.. threads.Keys]);
        Assert.All(threads.Values, static ids => Assert.Single(ids.Distinct()));
    }));

    [Fact]
    public Task Blocking_work_has_as_many_threads_as_it_was_given_and_they_end_with_the_runtime() => InTime(() => OnThread.RunAsync(() =>
    {
        Runtime runtime = Make("multi").MaxBlockingThreads(2).Build();
        int now = 0;
        int most = 0;
        var threads = new ConcurrentBag<Thread>();
        runtime.BlockOn(scope =>
        {
            for (int i = 0; i < 10; i++)
            {
                scope.SpawnBlocking(_ =>
                {
                    threads.Add(Thread.CurrentThread);
                    int here = Interlocked.Increment(ref now);
                    InterlockedMax(ref most, here);
                    Interlocked.Decrement(ref now);
                });
            }

            return ValueTask.CompletedTask;
        });
        runtime.Dispose();
        Assert.InRange(most, 1, 2);
        foreach (Thread thread in threads.Distinct())
        {
            Assert.True(thread.Join(TimeSpan.FromSeconds(5))); // long before it would have lost its patience
        }
    }));

    private static void InterlockedMax(ref int most, int value)
    {
        int seen = Volatile.Read(ref most);
        while (seen < value && Interlocked.CompareExchange(ref most, value, seen) is var other && other != seen)
        {
            seen = other;
        }
    }

    /// <summary>Those of drivers. Others of the process come and go as it sees fit.</summary>
    private static int Descriptors() => new DirectoryInfo("/proc/self/fd").EnumerateFileSystemInfos().Count(
        static entry => entry.LinkTarget is "anon_inode:[eventpoll]" or "anon_inode:[eventfd]");

    private static RuntimeBuilder Make(string shape) => (shape switch
    {
        "multi" => Runtime.CreateBuilder().MultiThread(2),
        "one" => Runtime.CreateBuilder().MultiThread(1),
        "current" => Runtime.CreateBuilder().CurrentThread(),
        _ => Runtime.CreateBuilder().ThreadPerCore(2).UseDriver(DriverKind.Epoll),
    }).EnableAll();

    private async Task ForeignAwaits(RuntimeHandle runtime)
    {
        _local.Value = "kept";
        await Task.Delay(1);
        Check();
        await Task.Run(static () => { });
        Check();
        TaskCompletionSource set = Signal();
        new Thread(set.SetResult) { IsBackground = true }.Start();
        await set.Task;
        Check();
        await File.ReadAllBytesAsync("/proc/self/stat");
        Check();

        void Check()
        {
            Assert.Same(runtime, WorkerThread.Current.Worker is { Scheduler.Owner: RuntimeCore core } ? core.Runtime : null);
            Assert.Equal("kept", _local.Value);
        }
    }
}
