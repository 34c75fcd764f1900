namespace Treeline.Tests.Scopes;

/// <summary><c>SpawnBlocking</c>: children that block their threads.</summary>
public sealed class SpawnBlockingTests : TreeTest
{
    [Fact]
    public Task It_runs_on_a_thread_of_its_own_with_a_name_and_gives_its_result() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        ChildTask<Thread> child = scope.SpawnBlocking(static _ => Thread.CurrentThread);
        Thread thread = await child;
        Assert.False(thread.IsThreadPoolThread);
        Assert.True(thread.IsBackground);
        Assert.StartsWith("Treeline blocking ", thread.Name, StringComparison.Ordinal);

        bool ran = false;
        ChildTask action = scope.SpawnBlocking(_ => { ran = true; });
        await action;
        Assert.True(ran);
    }));

    [Fact]
    public Task Any_number_that_block_leave_the_executor_free() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        using var go = new ManualResetEventSlim();
        int blocked = 0;
        ChildTask[] blocking =
        [
            .. Enumerable.Range(0, (4 * Environment.ProcessorCount) + 8).Select(_ => scope.SpawnBlocking(ct =>
            {
                Interlocked.Increment(ref blocked);
                go.Wait(ct);
            })),
        ];
        await Until(() => Volatile.Read(ref blocked) == blocking.Length);
        Assert.Equal(1, await scope.Spawn(static async _ =>
        {
            await Fiber.Yield();
            return 1;
        }));
        go.Set();
        foreach (ChildTask child in blocking)
        {
            await child;
        }
    }));

    [Fact]
    public Task Code_that_awaits_it_goes_on_where_its_scope_runs() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        await scope.Spawn(async _ =>
        {
            await scope.SpawnBlocking(static _ => { });
            Assert.True(Thread.CurrentThread.IsThreadPoolThread || WorkerThread.Current.Worker is not null);
        });
        Task plain = Plain(scope);
        await plain;

        static async Task Plain(TaskScope scope)
        {
            await scope.SpawnBlocking(static _ => { }).AsTask().ConfigureAwait(false);
            Assert.False(Thread.CurrentThread.Name?.StartsWith("Treeline blocking", StringComparison.Ordinal) ?? false);
        }
    }));

    [Fact]
    public Task A_failure_cancels_the_siblings_and_a_sibling_that_blocks_sees_it() => InTime(async () =>
    {
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(async scope =>
        {
            scope.SpawnBlocking(static ct =>
            {
                ct.WaitHandle.WaitOne();
                ct.ThrowIfCancellationRequested();
            });
            scope.SpawnBlocking(static int (_) => throw new OopsException("blocked"));
            await Forever(scope.Token);
        }));
        Assert.Equal("blocked", thrown.Message);
    });

    [Fact]
    public Task Its_end_is_told_by_how_it_ended() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            ChildTask<int> foreign = scope.SpawnBlocking(static int (_) => throw new OperationCanceledException());
            Assert.Equal(NodeState.Failed, (await foreign.OutcomeAsync()).State);
            ChildTask<int> waits = scope.SpawnBlocking(static int (ct) =>
            {
                ct.WaitHandle.WaitOne();
                throw new OperationCanceledException(ct);
            });
            scope.Cancel();
            Assert.Equal(NodeState.Cancelled, (await waits.OutcomeAsync()).State);
            ChildTask<int> late = scope.SpawnBlocking(static int (_) => throw new OopsException("must not run"));
            Assert.Equal(NodeState.Cancelled, (await late.OutcomeAsync()).State);
        },
        new ScopeOptions { OnFailure = FailurePolicy.Supervise }));

    [Fact]
    public Task Scopes_opened_in_it_find_it_as_their_parent_and_its_context_is_the_spawners() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            var local = new AsyncLocal<string> { Value = "flows" };
            string path = await scope.SpawnBlocking(
                _ =>
                {
                    Assert.Equal("flows", local.Value);
                    Assert.Equal(NodeState.Running, Find("blocking").State);
                    local.Value = "stays here";
                    return TaskScope.RunAsync(static async inner => await inner.Spawn(static async _ => Ambient.Current!.Path, "leaf"), name: "inner")
                        .GetAwaiter().GetResult();
                },
                "blocking");
            Assert.Equal("outer/blocking/inner/leaf", path);
            Assert.Equal("flows", local.Value);

            // A scope that it leaves open ends with it.
            CancelScope? left = null;
            await scope.SpawnBlocking(_ => { left = CancelScope.Open(); });
            Assert.True(left!.IsCancellationRequested);
        },
        name: "outer"));

    [Fact]
    public Task Beyond_the_bound_they_wait_in_order_and_show_as_pending() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        var pool = new BlockingPool(1, TimeSpan.FromSeconds(10));
        using var go = new ManualResetEventSlim();
        _ = Spawn(scope, pool, _ => go.Wait(CancellationToken.None));
        var order = new List<int>();
        ChildTask[] waiting = [.. Enumerable.Range(0, 20).Select(i => Spawn(scope, pool, _ => order.Add(i)))];
        Assert.Equal(20, pool.Queued);
        Assert.Equal(NodeState.Pending, waiting[0].State);
        go.Set();
        await waiting[^1];
        Assert.Equal(Enumerable.Range(0, 20), order);
        Assert.Equal(1, pool.Threads);
    }));

    [Fact]
    public Task What_waits_for_a_thread_ends_at_once_when_it_is_cancelled_and_never_begins() => InTime(async events =>
    {
        var pool = new BlockingPool(1, TimeSpan.FromSeconds(10));
        using var go = new ManualResetEventSlim();
        await TaskScope.RunAsync(async outer =>
        {
            ChildTask stuck = Spawn(outer, pool, _ => go.Wait(CancellationToken.None));
            await TaskScope.RunAsync(async inner =>
            {
                ChildTask[] waiting = [.. Enumerable.Range(0, 100).Select(_ => Spawn(inner, pool, _ => events.Expect(-1)))];
                inner.Cancel("not any more");
                foreach (ChildTask child in waiting)
                {
                    await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await child);
                }

                Assert.Equal(0, pool.Queued);
            });
            events.Expect(1);
            Assert.False(stuck.IsCompleted);
            go.Set();
        });
        events.Finish(2);
    });

    [Fact]
    public Task Threads_serve_again_and_end_when_they_have_been_idle() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        var patient = new BlockingPool(10, TimeSpan.FromMinutes(1));
        var threads = new HashSet<Thread>();
        for (int i = 0; i < 50; i++)
        {
            await Spawn(scope, patient, _ => threads.Add(Thread.CurrentThread));
        }

        // The child ends a moment before its thread is idle, so that another may have been started; not fifty, though.
        Assert.Equal(patient.Threads, threads.Count);
        Assert.InRange(threads.Count, 1, 10);

        var hasty = new BlockingPool(4, TimeSpan.FromMilliseconds(1));
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < 20; i++)
            {
                _ = Spawn(scope, hasty, static _ => { });
            }

            await Until(() => hasty.Threads == 0);
        }
    }));

    [Fact]
    public Task There_are_never_more_threads_than_the_bound() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        var pool = new BlockingPool(3, TimeSpan.FromSeconds(1));
        int running = 0;
        int most = 0;
        ChildTask[] children =
        [
            .. Enumerable.Range(0, 200).Select(_ => Spawn(scope, pool, _ =>
            {
                int now = Interlocked.Increment(ref running);
                int seen;
                while ((seen = Volatile.Read(ref most)) < now && Interlocked.CompareExchange(ref most, now, seen) != seen)
                {
                }

                Thread.Yield();
                Interlocked.Decrement(ref running);
            })),
        ];
        foreach (ChildTask child in children)
        {
            await child;
        }

        Assert.InRange(most, 1, 3);
    }));

    [Fact]
    public Task An_asynchronous_method_is_refused() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => { scope.SpawnBlocking(static async ct => await Task.Delay(1, ct)); });
        Assert.Contains("Use Spawn", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => { scope.SpawnBlocking(static ValueTask<int> (_) => ValueTask.FromResult(1)); });
        Assert.Throws<ArgumentException>(() => { scope.SpawnBlocking(static async Fiber (_) => await Fiber.Yield()); });
        Assert.Throws<ArgumentNullException>(() => { scope.SpawnBlocking(null!); });
    }));

    [Fact]
    public Task In_a_scope_that_has_ended_it_throws() => InTime(async () =>
    {
        TaskScope? ended = null;
        await TaskScope.RunAsync(async scope => ended = scope);
        Assert.Throws<InvalidOperationException>(() => { ended!.SpawnBlocking(static _ => { }); });
    });

    [Fact]
    public Task Begin_and_cancellation_at_once_have_one_winner() => InTime(async () =>
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        var pool = new BlockingPool(2, TimeSpan.FromMilliseconds(1));
        for (int round = 0; round < 200; round++)
        {
            int count = random.Next(1, 20);
            int spins = random.Next(2000);
            int[] begun = new int[count];
            ChildTask[] children = [];
            await TaskScope.RunAsync(async scope =>
            {
                children =
                [
                    .. Enumerable.Range(0, count).Select(i => Spawn(scope, pool, _ => Interlocked.Increment(ref begun[i]))),
                ];
                Thread.SpinWait(spins);
                scope.Cancel();
            });
            for (int i = 0; i < count; i++)
            {
                Assert.True(
                    begun[i] == (children[i].State == NodeState.Succeeded ? 1 : 0),
                    $"{children[i]} began {begun[i]} times. Seed {seed}.");
            }
        }

        Assert.Equal(0, pool.Queued);
    });

    private static ChildTask Spawn(TaskScope scope, BlockingPool pool, Action<CancellationToken> work) =>
        scope.SpawnBlocking<Nothing>(work, pool, new CallSite(null, "test", 1));
}
