namespace Treeline.Tests.Scopes;

/// <summary><c>StartAsync</c>: a service is ready, or its start fails where it was asked for.</summary>
public sealed class StartAsyncTests : TreeTest
{
    [Fact]
    public Task It_returns_the_value_when_the_service_is_ready_and_the_service_goes_on() => InTime(async events =>
    {
        await TaskScope.RunAsync(async scope =>
        {
            TaskCompletionSource bound = Signal();
            TaskCompletionSource served = Signal();
            Task<int> start = scope.StartAsync<int>(async (ready, ct) =>
            {
                await bound.Task;
                events.Expect(2);
                ready.Report(8080);
                await served.Task;
                events.Expect(4);
            });
            events.Expect(1);
            Assert.False(start.IsCompleted);
            bound.SetResult();
            Assert.Equal(8080, await start);
            events.Expect(3);
            served.SetResult();
        });
        events.Finish(5);
    });

    [Fact]
    public Task Every_kind_of_delegate_can_be_a_service() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        Task plain = scope.StartAsync(async (ready, ct) => ready.Report());
        await plain;
        Task<string> typed = scope.StartAsync(async (Readiness<string> ready, CancellationToken ct) =>
        {
            await Fiber.Yield();
            ready.Report("typed");
        });
        Assert.Equal("typed", await typed);
        await scope.StartAsync(Task (Readiness ready, CancellationToken _) => Now(ready));
        await scope.StartAsync(ValueTask (Readiness ready, CancellationToken _) => new ValueTask(Now(ready)));
        Assert.Equal(1, await scope.StartAsync(Task (Readiness<int> ready, CancellationToken _) => NowOf(ready, 1)));
        Assert.Equal(2, await scope.StartAsync(ValueTask (Readiness<int> ready, CancellationToken _) => new ValueTask(NowOf(ready, 2))));

        static Task Now(Readiness ready)
        {
            ready.Report();
            return Task.CompletedTask;
        }

        static Task NowOf(Readiness<int> ready, int value)
        {
            ready.Report(value);
            return Task.CompletedTask;
        }
    }));

    [Fact]
    public Task A_failure_before_it_is_ready_is_thrown_there_and_only_there_after_its_cleanup() => InTime(async events =>
    {
        var oops = new OopsException("port taken");
        await TaskScope.RunAsync(async scope =>
        {
            TaskCompletionSource go = Signal();
            ChildTask sibling = scope.Spawn(async ct => await go.Task.WaitAsync(ct));
            OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => scope.StartAsync<int>(async (_, _) =>
            {
                try
                {
                    await Fiber.Yield();
                    throw oops;
                }
                finally
                {
                    await Task.Yield();
                    events.Expect(1);
                }
            }));
            events.Expect(2);
            Assert.Same(oops, thrown);
            Assert.False(scope.IsCancellationRequested);
            go.SetResult();
            await sibling;
        });
        events.Finish(3);
    });

    [Fact]
    public Task To_end_without_a_report_is_an_error_that_says_so() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        Readiness? kept = null;
        InvalidOperationException error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => scope.StartAsync(async (ready, _) => kept = ready));
        Assert.Contains("without having reported", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<InvalidOperationException>(kept!.Report);
        Assert.Contains("after its code had ended", error.Message, StringComparison.Ordinal);
        error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => scope.StartAsync(Task (Readiness _, CancellationToken _) => null!));
        Assert.Contains("null", error.Message, StringComparison.Ordinal);
    }));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task When_the_scope_is_cancelled_before_the_start_throws_after_the_service_has_ended(bool unwinds) => InTime(
        async events =>
        {
            await TaskScope.RunAsync(async scope =>
            {
                TaskCompletionSource running = Signal();
                Task start = scope.StartAsync(async (_, ct) =>
                {
                    running.SetResult();
                    await Forever(ct).ContinueWith(static _ => { }, TaskScheduler.Default);
                    await Task.Yield();
                    events.Expect(1);
                    if (unwinds)
                    {
                        ct.ThrowIfCancellationRequested();
                    }
                });
                await running.Task;
                scope.Cancel("enough");
                OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start);
                events.Expect(2);
                Assert.Equal(scope.Token, thrown.CancellationToken);
                Assert.True(start.IsCanceled);

                // And in a scope that is cancelled already, it does not begin.
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => scope.StartAsync(async (ready, _) => ready.Report()));
            });
            events.Finish(3);
        });

    [Fact]
    public Task The_callers_token_cancels_the_service_alone_while_it_is_not_ready() => InTime(async events =>
    {
        await TaskScope.RunAsync(async scope =>
        {
            using var impatient = new CancellationTokenSource();
            TaskCompletionSource running = Signal();
            TaskCompletionSource go = Signal();
            ChildTask sibling = scope.Spawn(async ct => await go.Task.WaitAsync(ct));
            Task<int> start = scope.StartAsync<int>(
                async (ready, ct) =>
                {
                    try
                    {
                        // Nobody handed the token on: it is found through the tree.
                        await TaskScope.RunAsync(async inner =>
                        {
                            running.SetResult();
                            await Forever(inner.Token);
                        });
                    }
                    finally
                    {
                        await Task.Yield();
                        Assert.Throws<OperationCanceledException>(() => ready.Report(1));
                        events.Expect(1);
                    }
                },
                impatient.Token);
            await running.Task;
            await impatient.CancelAsync();
            OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start);
            events.Expect(2);
            Assert.Equal(impatient.Token, thrown.CancellationToken);
            Assert.False(scope.IsCancellationRequested);

            // One that is cancelled before keeps the service from being called.
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => scope.StartAsync<int>(
                async (_, _) => events.Expect(-1), impatient.Token));
            go.SetResult();
            await sibling;
        });
        events.Finish(3);
    });

    [Fact]
    public Task What_fails_while_a_start_is_given_up_is_thrown_by_the_start() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        using var impatient = new CancellationTokenSource();
        TaskCompletionSource running = Signal();
        Task start = scope.StartAsync(
            async (_, ct) =>
            {
                running.SetResult();
                try
                {
                    await Forever(ct);
                }
                catch (OperationCanceledException)
                {
                    throw new OopsException("cleanup");
                }
            },
            impatient.Token);
        await running.Task;
        await impatient.CancelAsync();
        Assert.Equal("cleanup", (await Assert.ThrowsAsync<OopsException>(() => start)).Message);
        Assert.False(scope.IsCancellationRequested);
    }));

    [Fact]
    public Task The_callers_token_has_no_effect_on_a_service_that_is_ready() => InTime(async () =>
    {
        using var impatient = new CancellationTokenSource();
        await TaskScope.RunAsync(async scope =>
        {
            TaskCompletionSource stop = Signal();
            CancellationToken seen = default;
            Assert.Equal(1, await scope.StartAsync<int>(
                async (ready, ct) =>
                {
                    seen = ct;
                    ready.Report(1);
                    await stop.Task.WaitAsync(ct);
                },
                impatient.Token));
            await impatient.CancelAsync();
            Assert.False(seen.IsCancellationRequested);
            stop.SetResult();
        });
    });

    [Fact]
    public Task A_failure_after_it_is_ready_is_that_of_any_child() => InTime(async () =>
    {
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(async scope =>
        {
            TaskCompletionSource fail = Signal();
            await scope.StartAsync(async (ready, _) =>
            {
                ready.Report();
                await fail.Task;
                throw new OopsException("later");
            });
            fail.SetResult();
            await Forever(scope.Token);
        }));
        Assert.Equal("later", thrown.Message);

        // Under supervision it is not looked at because its start was awaited.
        await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(
            static async scope => await scope.StartAsync(static async (ready, _) =>
            {
                ready.Report();
                throw new OopsException("unseen");
            }),
            new ScopeOptions { OnFailure = FailurePolicy.Supervise }));
    });

    [Fact]
    public Task A_second_report_throws_in_the_service() => InTime(async () =>
    {
        InvalidOperationException error = await Assert.ThrowsAsync<InvalidOperationException>(() => TaskScope.RunAsync(
            static scope => scope.StartAsync<int>(static async (ready, _) =>
            {
                ready.Report(1);
                ready.Report(2);
            })));
        Assert.Contains("second time", error.Message, StringComparison.Ordinal);
    });

    [Fact]
    public Task Starting_in_a_scope_that_has_ended_throws_at_the_call() => InTime(async () =>
    {
        TaskScope? ended = null;
        await TaskScope.RunAsync(async scope => ended = scope);
        Assert.Throws<InvalidOperationException>(() => { _ = ended!.StartAsync(static async (ready, _) => ready.Report()); });
        Assert.Throws<ArgumentNullException>(() => { _ = ended!.StartAsync((Func<Readiness, CancellationToken, Task>)null!); });
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task When_nobody_is_left_to_await_the_start_its_failure_surfaces_from_the_scope(bool throws) => InTime(async () =>
    {
        TaskCompletionSource returned = Signal();
        Task run = TaskScope.RunAsync(async scope =>
        {
            _ = scope.StartAsync(async (_, _) =>
            {
                await returned.Task;
                if (throws)
                {
                    throw new OopsException("unawaited");
                }
            });
        });
        await Until(static () => All().Exists(static node => node.State == NodeState.Joining));
        returned.SetResult();
        Exception thrown = (await Record.ExceptionAsync(() => run))!;
        Assert.Equal(throws ? typeof(OopsException) : typeof(InvalidOperationException), thrown.GetType());
    });

    [Fact]
    public Task Who_waits_for_the_start_never_runs_on_the_stack_of_the_report() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        using var reported = new ManualResetEventSlim();
        await scope.StartAsync(async (ready, _) =>
        {
            ready.Report();
            reported.Set();
        }).ConfigureAwait(false);
        Assert.True(reported.Wait(TimeSpan.FromSeconds(30), CancellationToken.None));
    }));

    [Fact]
    public Task A_service_is_a_node_and_the_parent_of_what_it_opens() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            string path = await scope.StartAsync<string>(
                static async (ready, _) => await TaskScope.RunAsync(async inner => ready.Report(inner.Path), name: "inner"),
                name: "service");
            Assert.Equal("outer/service/inner", path);
        },
        name: "outer"));

    [Fact]
    public Task Report_and_cancellation_at_once_have_one_winner() => InTime(async () =>
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        for (int i = 0; i < 500; i++)
        {
            int spins = random.Next(200);
            using var impatient = new CancellationTokenSource();
            int served = 0;
            await TaskScope.RunAsync(async scope =>
            {
                TaskCompletionSource running = Signal();
                Task<int> start = scope.StartAsync<int>(
                    async (ready, ct) =>
                    {
                        running.SetResult();
                        Thread.SpinWait(spins);
                        ready.Report(7);
                        served++;
                    },
                    impatient.Token);
                await running.Task;
                Thread.SpinWait(100);
                await impatient.CancelAsync();
                try
                {
                    Assert.Equal(7, await start);
                }
                catch (OperationCanceledException e) when (e.CancellationToken == impatient.Token)
                {
                    Assert.True(served == 0, $"The start was given up and the report succeeded. Seed {seed}.");
                    return;
                }

                // The report happened, so the service goes on.
                await Until(() => Volatile.Read(ref served) == 1);
            });
        }
    });
}
