namespace Treeline.Tests.Scopes;

/// <summary><see cref="BackgroundTasks"/>: bounded, drained, and no error lost.</summary>
public sealed class BackgroundTasksTests : TreeTest
{
    [Fact]
    public Task Work_outlives_the_scope_that_asked_for_it_and_is_drained() => InTime(async events =>
    {
        BackgroundTasks background = BackgroundTasks.Start(Unexpected, new BackgroundTasksOptions { Name = "background" });
        TaskCompletionSource go = Signal();
        await TaskScope.RunAsync(
            async request => background.Run(async _ =>
            {
                await go.Task;
                Assert.Equal("background/mail", Ambient.Current!.Path);
                events.Expect(2);
            }, "mail"),
            name: "request");
        events.Expect(1);
        Assert.Equal(1, background.Count);
        Task<bool> drained = background.DrainAsync(Timeout.InfiniteTimeSpan);
        Assert.False(background.IsOpen);
        go.SetResult();
        Assert.True(await drained);
        events.Finish(3);
        Assert.Equal(0, background.Count);
    });

    [Fact]
    public Task Draining_asks_the_work_to_stop_before_it_cancels() => InTime(async () =>
    {
        TaskCompletionSource open = Signal();
        BackgroundTasks background = BackgroundTasks.Start(Unexpected);
        background.Run(_ => TaskScope.RunAsync(async scope =>
        {
            TaskCompletionSource asked = Signal();
            using CancellationTokenRegistration stopping = scope.StoppingToken.Register(asked.SetResult);
            open.SetResult();
            await asked.Task;
            Assert.False(scope.IsCancellationRequested);
            Assert.Equal("it is being drained", scope.StopReason);
        }));
        await open.Task;
        Assert.True(await background.DrainAsync(Timeout.InfiniteTimeSpan));
    });

    [Fact]
    public Task Every_kind_of_delegate_runs_and_is_the_parent_of_what_it_opens() => InTime(async () =>
    {
        BackgroundTasks background = BackgroundTasks.Start(Unexpected, name: "home");
        var paths = new List<string>();
        background.Run(async _ => await Note(), "fiber");
        background.Run(Task (_) => Note(), "task");
        background.Run(ValueTask (_) => new ValueTask(Note()), "value task");
        Assert.True(background.TryRun(async _ => await Note(), "try fiber"));
        Assert.True(background.TryRun(Task (_) => Note(), "try task"));
        Assert.True(background.TryRun(ValueTask (_) => new ValueTask(Note()), "try value task"));
        await background.RunWhenFreeAsync(async _ => await Note(), name: "free fiber");
        await background.RunWhenFreeAsync(Task (_) => Note(), name: "free task");
        await background.RunWhenFreeAsync(ValueTask (_) => new ValueTask(Note()), name: "free value task");
        Assert.True(await background.DrainAsync(Timeout.InfiniteTimeSpan));
        string[] names = ["fiber", "task", "value task"];
        Assert.Equal(
            names.Concat(names.Select(static name => "try " + name)).Concat(names.Select(static name => "free " + name))
                .Select(static name => $"home/{name}/inner").Order(StringComparer.Ordinal),
            paths.Order(StringComparer.Ordinal));

        async Task Note()
        {
            await Task.Yield();
            await TaskScope.RunAsync(async inner =>
            {
                lock (paths)
                {
                    paths.Add(inner.Path);
                }
            }, name: "inner");
        }
    });

    [Fact]
    public Task A_failure_goes_to_the_handler_with_its_path_and_the_others_run_on() => InTime(async () =>
    {
        var failures = new List<ScopeFailure>();
        BackgroundTasks background = BackgroundTasks.Start(
            async failure =>
            {
                await Task.Yield();
                lock (failures)
                {
                    failures.Add(failure);
                }
            },
            name: "home");
        TaskCompletionSource go = Signal();
        bool ran = false;
        background.Run(async ct =>
        {
            await go.Task.WaitAsync(ct);
            ran = true;
        });
        var oops = new OopsException("mail server is gone");
        background.Run(async _ => throw oops, "mail");
        background.Run(Task (_) => null!, "null");
        background.Run(static async _ => throw new OperationCanceledException("a timeout of somebody else's"), "foreign");
        background.Run(Task (_) => Task.WhenAll(Task.FromException(oops), Task.FromException(new OopsException("both"))), "several");
        await Until(() => background.Count == 1);
        Assert.Equal(
            ["home/foreign", "home/mail", "home/null", "home/several"],
            failures.Select(static failure => failure.Path).Order(StringComparer.Ordinal));
        Assert.Same(oops, failures.Single(static failure => failure.Path == "home/mail").Exception);
        Assert.Equal(2, ((AggregateException)failures.Single(static failure => failure.Path == "home/several").Exception).InnerExceptions.Count);
        go.SetResult();
        Assert.True(await background.DrainAsync(Timeout.InfiniteTimeSpan));
        Assert.True(ran);
    });

    [Fact]
    public Task When_it_is_full_it_says_so_and_who_waits_gets_the_next_place_in_order() => InTime(async () =>
    {
        BackgroundTasks background = BackgroundTasks.Start(
            Unexpected, new BackgroundTasksOptions { Capacity = 2, Name = "small" });
        TaskCompletionSource[] ends = [Signal(), Signal(), Signal(), Signal()];
        background.Run(async _ => await ends[0].Task);
        background.Run(async _ => await ends[1].Task);
        InvalidOperationException full = Assert.Throws<InvalidOperationException>(() => background.Run(static async _ => { }));
        Assert.Contains("'small' is full: 2 tasks", full.Message, StringComparison.Ordinal);
        Assert.False(background.TryRun(static async _ => { }));
        Assert.True(background.IsOpen);

        using var impatient = new CancellationTokenSource();
        Task cancelled = background.RunWhenFreeAsync(static async _ => throw new OopsException("must not run"), impatient.Token).AsTask();
        Task first = background.RunWhenFreeAsync(async _ => await ends[2].Task).AsTask();
        Task second = background.RunWhenFreeAsync(async _ => await ends[3].Task).AsTask();
        await impatient.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal(impatient.Token, thrown.CancellationToken);
        ends[0].SetResult();
        await first;
        Assert.False(second.IsCompleted);
        Assert.Equal(2, background.Count);
        ends[2].SetResult();
        await second;
        ends[1].SetResult();
        ends[3].SetResult();
        await Until(() => background.Count == 0);
        Assert.True(background.TryRun(static async _ => { }));
        Assert.True(await background.DrainAsync(Timeout.InfiniteTimeSpan));
    });

    [Fact]
    public Task After_the_grace_period_what_runs_is_cancelled_and_waited_for() => InTime(async events =>
    {
        var clock = new ManualTimeProvider();
        BackgroundTasks background = BackgroundTasks.Start(Unexpected, new BackgroundTasksOptions { TimeProvider = clock });
        TaskCompletionSource running = Signal();
        background.Run(async ct =>
        {
            try
            {
                running.SetResult();
                await Forever(ct);
            }
            finally
            {
                await Task.Yield();
                events.Expect(2);
            }
        });
        await running.Task;
        Task<bool> drained = background.DrainAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(drained, background.DrainAsync(TimeSpan.Zero));
        await Until(() => clock.Pending == 1);
        clock.Advance(TimeSpan.FromSeconds(9.9));
        Assert.Equal(1, background.Count);
        events.Expect(1);
        clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.False(await drained);
        events.Finish(3);
        Assert.Equal(0, clock.Pending);
    });

    [Fact]
    public Task The_token_ends_the_grace_period_and_not_the_waiting() => InTime(async events =>
    {
        BackgroundTasks background = BackgroundTasks.Start(Unexpected);
        TaskCompletionSource running = Signal();
        background.Run(async ct =>
        {
            running.SetResult();
            try
            {
                await Forever(ct);
            }
            finally
            {
                await Task.Yield();
                events.Expect(1);
            }
        });
        await running.Task;
        using var hurry = new CancellationTokenSource();
        Task<bool> drained = background.DrainAsync(Timeout.InfiniteTimeSpan, hurry.Token);
        Assert.False(drained.IsCompleted);
        await hurry.CancelAsync();
        Assert.False(await drained);
        events.Finish(2);
    });

    [Fact]
    public Task After_it_is_closed_work_is_refused_with_the_reason() => InTime(async () =>
    {
        BackgroundTasks background = BackgroundTasks.Start(Unexpected, new BackgroundTasksOptions { Capacity = 1 }, name: "home");
        TaskCompletionSource go = Signal();
        background.Run(async _ => await go.Task);
        Task waiting = background.RunWhenFreeAsync(static async _ => { }).AsTask();
        Task<bool> drained = background.DrainAsync(Timeout.InfiniteTimeSpan);
        foreach (InvalidOperationException error in new[]
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => waiting),
            Assert.Throws<InvalidOperationException>(() => background.Run(static async _ => { })),
            await Assert.ThrowsAsync<InvalidOperationException>(() => background.RunWhenFreeAsync(static async _ => { }).AsTask()),
        })
        {
            Assert.Contains("'home' takes no more background work: it is being drained", error.Message, StringComparison.Ordinal);
        }

        Assert.False(background.TryRun(static async _ => { }));
        go.SetResult();
        Assert.True(await drained);
        Assert.Throws<ArgumentNullException>(() => background.Run(null!));
    });

    [Fact]
    public Task More_failures_than_the_quota_within_the_window_close_it_and_surface() => InTime(async () =>
    {
        var clock = new ManualTimeProvider();
        int handled = 0;
        BackgroundTasks background = BackgroundTasks.Start(
            _ => Interlocked.Increment(ref handled),
            new BackgroundTasksOptions { FailureQuota = 2, FailureWindow = TimeSpan.FromMinutes(1), TimeProvider = clock, Name = "home" });
        TaskCompletionSource go = Signal();
        background.Run(async ct => await go.Task.WaitAsync(ct));
        await Fail("old");
        await Fail("first");
        clock.Advance(TimeSpan.FromMinutes(1));
        await Fail("second");
        await Fail("third");
        Assert.True(background.IsOpen);
        clock.Advance(TimeSpan.FromSeconds(59));
        await Fail("fourth");
        Assert.False(background.IsOpen);
        InvalidOperationException refused = Assert.Throws<InvalidOperationException>(() => background.Run(static async _ => { }));
        Assert.Contains("more than 2 failures within 00:01:00, the last one in 'home/fourth'", refused.Message, StringComparison.Ordinal);

        // What runs goes on.
        await Until(() => background.Count == 1);
        go.SetResult();
        ScopeException surfaced = await Assert.ThrowsAsync<ScopeException>(() => background.DrainAsync(Timeout.InfiniteTimeSpan));
        Assert.Equal(
            ["home/second", "home/third", "home/fourth"], surfaced.Failures.Select(static failure => failure.Path));
        Assert.Equal(5, handled);

        async Task Fail(string name)
        {
            int before = Volatile.Read(ref handled);
            background.Run(static async _ => throw new OopsException("broken"), name);
            await Until(() => Volatile.Read(ref handled) == before + 1);
        }
    });

    [Fact]
    public Task A_quota_of_none_closes_it_at_the_first_failure_which_surfaces_as_itself() => InTime(async () =>
    {
        BackgroundTasks background = BackgroundTasks.Start(static _ => { }, new BackgroundTasksOptions { FailureQuota = 0 });
        var oops = new OopsException("the only one");
        background.Run(async _ => throw oops);
        await Until(() => !background.IsOpen);
        Assert.Same(oops, await Assert.ThrowsAsync<OopsException>(async () => await background.DisposeAsync()));
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task A_handler_that_throws_closes_it_and_both_errors_surface(bool drains) => InTime(async () =>
    {
        var oops = new OopsException("work");
        ScopeException? surfaced = null;
        Task run = TaskScope.RunAsync(
            async outer =>
            {
                BackgroundTasks background = BackgroundTasks.Start(
                    static failure => throw new OopsException("handler", failure.Exception), name: "home");
                background.Run(async _ => throw oops, "task");
                await Until(() => background.Count == 0);
                InvalidOperationException refused = Assert.Throws<InvalidOperationException>(() => background.Run(static async _ => { }));
                Assert.Contains("its failure handler threw OopsException (handler)", refused.Message, StringComparison.Ordinal);
                if (drains)
                {
                    surfaced = await Assert.ThrowsAsync<ScopeException>(() => background.DrainAsync(TimeSpan.Zero));
                }
            },
            name: "outer");
        if (drains)
        {
            await run;
        }
        else
        {
            // Nobody drained it: then it surfaces from where it was started.
            surfaced = await Assert.ThrowsAsync<ScopeException>(() => run);
        }

        Assert.Equal(
            ["outer/home/task", "outer/home/task (its failure handler)"],
            surfaced!.Failures.Select(static failure => failure.Path));
        Assert.Same(oops, surfaced.InnerExceptions[0]);
    });

    [Fact]
    public Task A_failure_in_the_cleanup_of_cancelled_work_goes_to_the_handler_as_well() => InTime(async () =>
    {
        var failures = new List<ScopeFailure>();
        BackgroundTasks background = BackgroundTasks.Start(failures.Add);
        TaskCompletionSource running = Signal();
        background.Run(async ct =>
        {
            try
            {
                running.SetResult();
                await Forever(ct);
            }
            catch (OperationCanceledException)
            {
                throw new OopsException("cleanup");
            }
        });
        await running.Task;
        Assert.False(await background.DrainAsync(TimeSpan.Zero));
        Assert.Equal("cleanup", Assert.Single(failures).Exception.Message);
    });

    [Fact]
    public Task Disposing_cancels_and_waits_also_while_another_drains() => InTime(async () =>
    {
        BackgroundTasks background = BackgroundTasks.Start(Unexpected);
        TaskCompletionSource running = Signal();
        background.Run(async ct =>
        {
            running.SetResult();
            await Forever(ct);
        });
        await running.Task;
        Task<bool> drained = background.DrainAsync(Timeout.InfiniteTimeSpan);
        await background.DisposeAsync();
        Assert.False(await drained);
        await background.DisposeAsync();
    });

    [Fact]
    public Task It_ends_with_the_node_that_started_it_and_refuses_work_then() => InTime(async () =>
    {
        BackgroundTasks? background = null;
        await TaskScope.RunAsync(
            async outer =>
            {
                background = BackgroundTasks.Start(Unexpected, name: "home");
                TaskCompletionSource running = Signal();
                background.Run(async ct =>
                {
                    running.SetResult();
                    await Forever(ct);
                });
                await running.Task;
            },
            name: "outer");
        Assert.False(background!.IsOpen);
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => background.Run(static async _ => { }));
        Assert.Contains("'outer' ended without closing 'home'", error.Message, StringComparison.Ordinal);
        Assert.False(await background.DrainAsync(TimeSpan.Zero));
        Assert.Equal(0, background.Count);
    });

    [Fact]
    public Task A_token_from_outside_cancels_the_work_and_closes_it() => InTime(async () =>
    {
        using var outside = new CancellationTokenSource();
        BackgroundTasks background = BackgroundTasks.Start(Unexpected, cancellationToken: outside.Token);
        background.Run(Forever);
        await outside.CancelAsync();
        Assert.False(background.TryRun(static async _ => { }));
        Assert.False(await background.DrainAsync(Timeout.InfiniteTimeSpan));
    });

    [Fact]
    public Task Draining_from_inside_throws_instead_of_waiting_for_ever() => InTime(async () =>
    {
        var failures = new List<ScopeFailure>();
        BackgroundTasks background = BackgroundTasks.Start(failures.Add);
        background.Run(async _ => await background.DrainAsync(TimeSpan.Zero));
        await Until(() => background.Count == 0);
        Assert.Contains("would wait for its own", Assert.Single(failures).Exception.Message, StringComparison.Ordinal);
        Assert.True(background.IsOpen);
        Assert.True(await background.DrainAsync(TimeSpan.Zero));
    });

    [Fact]
    public void Options_that_make_no_sense_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(static () => new BackgroundTasksOptions { Capacity = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(static () => new BackgroundTasksOptions { FailureQuota = -1 });
        Assert.Throws<ArgumentOutOfRangeException>(static () => new BackgroundTasksOptions { FailureWindow = TimeSpan.Zero });
        Assert.Throws<ArgumentNullException>(static () => BackgroundTasks.Start((Action<ScopeFailure>)null!));
        Assert.Throws<ArgumentNullException>(static () => BackgroundTasks.Start((Func<ScopeFailure, ValueTask>)null!));
    }

    [Fact]
    public Task Never_more_than_its_capacity_whoever_runs_waits_gives_up_and_fails_and_each_is_counted_once() => InTime(async () =>
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        for (int round = 0; round < 20; round++)
        {
            int capacity = random.Next(1, 5);
            int alive = 0;
            int most = 0;
            int ran = 0;
            int failed = 0;
            int accepted = 0;
            BackgroundTasks background = BackgroundTasks.Start(
                _ => Interlocked.Increment(ref failed), new BackgroundTasksOptions { Capacity = capacity });
            await TaskScope.RunAsync(async scope =>
            {
                for (int c = 0; c < 4; c++)
                {
                    int mine = random.Next();
                    scope.Spawn(async _ =>
                    {
                        var dice = new Random(mine);
                        for (int i = 0; i < 50; i++)
                        {
                            bool fails = dice.Next(4) == 0;
                            using var impatient = new CancellationTokenSource();
                            Task entered = background.RunWhenFreeAsync(_ => Work(fails), impatient.Token).AsTask();
                            if (dice.Next(2) == 0)
                            {
                                await impatient.CancelAsync();
                            }

                            try
                            {
                                await entered;
                                Interlocked.Increment(ref accepted);
                            }
                            catch (OperationCanceledException)
                            {
                                await Fiber.Yield();
                            }
                        }
                    });
                }
            });
            Assert.True(await background.DrainAsync(Timeout.InfiniteTimeSpan));
            Assert.True(
                most <= capacity && ran + failed == accepted && background.Count == 0,
                $"At most {most} of {capacity}; {ran} ran and {failed} failed of {accepted}; {background.Count} left. Seed {seed}.");

            async Fiber Work(bool fails)
            {
                int now = Interlocked.Increment(ref alive);
                int seen;
                while ((seen = Volatile.Read(ref most)) < now && Interlocked.CompareExchange(ref most, now, seen) != seen)
                {
                }

                await Fiber.Yield();
                Interlocked.Decrement(ref alive);
                if (fails)
                {
                    throw new OopsException("rolled");
                }

                Interlocked.Increment(ref ran);
            }
        }
    });

    private static void Unexpected(ScopeFailure failure) => Assert.Fail(failure.ToString());
}
