using System.Diagnostics;

namespace Treeline.Tests.Scopes;

/// <summary><see cref="JoinSet{T}"/>: outcomes in the order of completion, and nothing lost of them.</summary>
public sealed class JoinSetTests : TreeTest
{
    [Fact]
    public Task Outcomes_come_in_the_order_in_which_the_children_end() => InTime(async () =>
    {
        await using var set = JoinSet<int>.Open();
        TaskCompletionSource<int>[] ends = [.. Enumerable.Range(0, 4).Select(static _ => new TaskCompletionSource<int>())];
        foreach (TaskCompletionSource<int> end in ends)
        {
            set.Spawn(_ => end.Task);
        }

        Assert.Equal(4, set.Count);
        Assert.False(set.TryJoinNext(out _));
        foreach (int i in (int[])[2, 0, 3, 1])
        {
            ends[i].SetResult(i);
            Assert.Equal(i, (await set.JoinNextAsync())!.Value.Value);
        }

        Assert.Equal(0, set.Count);
        Assert.Null(await set.JoinNextAsync());
        Assert.False(set.TryJoinNext(out _));
    });

    [Fact]
    public Task What_has_ended_can_be_taken_without_waiting() => InTime(async () =>
    {
        await using var set = JoinSet<int>.Open();
        set.Spawn(static Task<int> (_) => Task.FromResult(5));
        Outcome<int> outcome = default;
        await Until(() => set.TryJoinNext(out outcome));
        Assert.Equal(5, outcome.Value);
        Assert.Equal(0, set.Count);
    });

    [Fact]
    public Task Children_spawned_while_others_are_taken_are_taken_as_well() => InTime(async () =>
    {
        await using var set = JoinSet<int>.Open();
        set.Spawn(static async _ => 1);
        var taken = new List<int>();
        await foreach (Outcome<int> outcome in set)
        {
            int next = outcome.Value + 1;
            taken.Add(outcome.Value);
            if (next <= 100)
            {
                set.Spawn(async _ =>
                {
                    await Fiber.Yield();
                    return next;
                });
            }
        }

        Assert.Equal(Enumerable.Range(1, 100), taken);
    });

    [Fact]
    public Task Every_kind_of_delegate_can_be_spawned() => InTime(async () =>
    {
        await using var set = JoinSet<string>.Open();
        ChildTask fiber = set.Spawn(async ct => await Task.FromResult("fiber"), "named");
        await fiber;
        Assert.EndsWith("/named", "/" + fiber.Path, StringComparison.Ordinal);
        await set.Spawn(Task<string> (_) => Task.FromResult("task"));
        await set.Spawn(ValueTask<string> (_) => ValueTask.FromResult("value task"));
        var taken = new List<string>();
        await foreach (Outcome<string> outcome in set)
        {
            taken.Add(outcome.Value);
        }

        Assert.Equal(["fiber", "task", "value task"], taken);
    });

    [Fact]
    public Task A_failure_stays_with_its_outcome_and_the_others_run_on() => InTime(async () =>
    {
        var oops = new OopsException("stays");
        await using var set = JoinSet<int>.Open();
        TaskCompletionSource go = Signal();
        set.Spawn(async ct =>
        {
            await go.Task.WaitAsync(ct);
            return 1;
        });
        set.Spawn(static Task<int> (_) => throw new TaskCanceledException("a timeout of somebody else's"));
        Outcome<int> foreign = (await set.JoinNextAsync())!.Value;
        Assert.Equal(NodeState.Failed, foreign.State);
        set.Spawn(Task<int> (_) => throw oops);
        Outcome<int> failed = (await set.JoinNextAsync())!.Value;
        Assert.Same(oops, failed.Error);
        go.SetResult();
        Assert.Equal(1, (await set.JoinNextAsync())!.Value.Value);
    });

    [Fact]
    public Task Failures_that_nobody_took_surface_when_it_is_disposed() => InTime(async () =>
    {
        var first = new OopsException("untaken");
        var set = JoinSet<int>.Open();
        set.Spawn(static Task<int> (_) => throw new OopsException("taken"));
        Assert.Equal("taken", (await set.JoinNextAsync())!.Value.Error!.Message);
        ChildTask untaken = set.Spawn(Task<int> (_) => throw first);
        await Until(() => untaken.IsCompleted);
        Assert.Same(first, await Assert.ThrowsAsync<OopsException>(async () => await set.DisposeAsync()));
        Assert.Equal(0, set.Count);
        await set.DisposeAsync();
    });

    [Fact]
    public Task Disposing_cancels_and_waits_and_a_failed_cleanup_is_not_lost() => InTime(async events =>
    {
        var set = JoinSet<int>.Open();
        TaskCompletionSource running = Signal();
        TaskCompletionSource alsoRunning = Signal();
        set.Spawn(async ct =>
        {
            try
            {
                running.SetResult();
                await Forever(ct);
                return 1;
            }
            finally
            {
                await Task.Yield();
                events.Expect(1);
            }
        });
        set.Spawn(async ct =>
        {
            try
            {
                alsoRunning.SetResult();
                await Forever(ct);
                return 1;
            }
            catch (OperationCanceledException)
            {
                throw new OopsException("cleanup");
            }
        });
        await running.Task;
        await alsoRunning.Task;
        Assert.Equal("cleanup", (await Assert.ThrowsAsync<OopsException>(async () => await set.DisposeAsync())).Message);
        events.Finish(2);
        Assert.Throws<InvalidOperationException>(() => { set.Spawn(static async _ => 1); });
        Assert.Null(await set.JoinNextAsync());
    });

    [Fact]
    public Task CancelAll_cancels_all_and_their_outcomes_can_be_taken() => InTime(async () =>
    {
        await using var set = JoinSet<int>.Open();
        for (int i = 0; i < 10; i++)
        {
            set.Spawn(static async ct =>
            {
                await Forever(ct);
                return 1;
            });
        }

        set.CancelAll("we have enough");
        set.Spawn(static async _ => 1);
        int count = 0;
        await foreach (Outcome<int> outcome in set)
        {
            Assert.Equal(NodeState.Cancelled, outcome.State);
            count++;
        }

        Assert.Equal(11, count);
    });

    [Fact]
    public Task A_token_from_outside_cancels_the_children() => InTime(async () =>
    {
        using var outside = new CancellationTokenSource();
        await using var set = JoinSet<int>.Open(outside.Token);
        set.Spawn(static async ct =>
        {
            await Forever(ct);
            return 1;
        });
        await outside.CancelAsync();
        Assert.Equal(NodeState.Cancelled, (await set.JoinNextAsync())!.Value.State);
    });

    [Fact]
    public Task A_cancelled_wait_has_taken_nothing() => InTime(async () =>
    {
        await using var set = JoinSet<int>.Open();
        TaskCompletionSource go = Signal();
        set.Spawn(async _ =>
        {
            await go.Task;
            return 7;
        });
        using var impatient = new CancellationTokenSource();
        ValueTask<Outcome<int>?> wait = set.JoinNextAsync(impatient.Token);
        await impatient.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await wait);
        Assert.Equal(impatient.Token, thrown.CancellationToken);
        Assert.Contains("a child of", thrown.Message, StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (Outcome<int> outcome in set.WithCancellation(impatient.Token))
            {
                Assert.Fail($"It gave {outcome}.");
            }
        });
        Assert.Equal(1, set.Count);
        go.SetResult();
        Assert.Equal(7, (await set.JoinNextAsync())!.Value.Value);
    });

    [Fact]
    public Task Of_many_who_wait_each_gets_one_and_the_rest_hear_that_there_are_no_more() => InTime(async () =>
    {
        await using var set = JoinSet<int>.Open();
        TaskCompletionSource go = Signal();
        for (int i = 0; i < 3; i++)
        {
            int n = i;
            set.Spawn(async _ =>
            {
                await go.Task;
                return n;
            });
        }

        Task<Outcome<int>?>[] waits = [.. Enumerable.Range(0, 8).Select(_ => set.JoinNextAsync().AsTask())];
        go.SetResult();
        Outcome<int>?[] outcomes = await Task.WhenAll(waits);
        Assert.Equal([0, 1, 2], outcomes.Take(3).Select(static outcome => outcome!.Value.Value).Order());
        Assert.All(outcomes.Skip(3), static outcome => Assert.Null(outcome));
    });

    [Fact]
    public Task Who_waits_while_it_is_disposed_gets_the_outcomes() => InTime(async () =>
    {
        var set = JoinSet<int>.Open();
        set.Spawn(static async ct =>
        {
            await Forever(ct);
            return 1;
        });
        Task<Outcome<int>?> first = set.JoinNextAsync().AsTask();
        Task<Outcome<int>?> second = set.JoinNextAsync().AsTask();
        await set.DisposeAsync();
        Assert.Equal(NodeState.Cancelled, (await first)!.Value.State);
        Assert.Null(await second);
    });

    [Fact]
    public Task It_is_a_node_under_who_opened_it_and_ends_with_it() => InTime(async () =>
    {
        JoinSet<int>? forgotten = null;
        await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(
            async outer =>
            {
                forgotten = JoinSet<int>.Open(name: "set");
                forgotten.Spawn(static async ct =>
                {
                    await Forever(ct);
                    return 1;
                });
                Assert.Equal("outer/set (1 to join)", forgotten.ToString());
                await Until(static () => Find("set").Children.Count == 1);
                ChildTask failing = forgotten.Spawn(static Task<int> (_) => throw new OopsException("forgotten"));
                await Until(() => failing.IsCompleted);
            },
            name: "outer"));
        Assert.True(forgotten!.TryJoinNext(out _));
        Assert.Throws<InvalidOperationException>(() => { forgotten.Spawn(static async _ => 1); });
    });

    [Fact]
    public Task Who_awaits_the_child_has_looked_at_its_failure() => InTime(async () =>
    {
        await using var set = JoinSet<int>.Open();
        ChildTask child = set.Spawn(static Task<int> (_) => throw new OopsException("looked at"));
        await Assert.ThrowsAsync<OopsException>(async () => await child);
    });

    [Fact]
    public Task Code_goes_on_where_its_scope_runs() => InTime(async () =>
    {
        using var thread = new DedicatedThread();
        await TaskScope.RunAsync(
            async scope => await scope.Spawn(async _ =>
            {
                Assert.True(thread.IsCurrent);
                await using var set = JoinSet<int>.Open();
                TaskCompletionSource go = Signal();
                set.Spawn(async _ =>
                {
                    await go.Task.ConfigureAwait(false);
                    return 1;
                });
                ValueTask<Outcome<int>?> next = set.JoinNextAsync();
                go.SetResult();
                await next.ConfigureAwait(false);
                Assert.True(thread.IsCurrent);
            }),
            new ScopeOptions { Executor = thread });
    });

    [Fact]
    public Task Disposing_from_inside_throws_instead_of_waiting_for_ever() => InTime(async () =>
    {
        await using var set = JoinSet<int>.Open();
        set.Spawn(async _ =>
        {
            await set.DisposeAsync();
            return 1;
        });
        Outcome<int> outcome = (await set.JoinNextAsync())!.Value;
        Assert.Contains("would wait for its own end", outcome.Error!.Message, StringComparison.Ordinal);
    });

    [Fact]
    public Task Objects_are_used_again_so_that_a_warm_set_costs_next_to_nothing() => InTime(() => TaskScope.RunAsync(async scope =>
        await scope.Spawn(async _ =>
        {
            await using var set = JoinSet<int>.Open();

            // Code that the compiler has not optimized yet boxes awaiters (56 bytes a round); objects that are not used again
            // would be several hundred. The least of many measurements is what counts.
            long least = long.MaxValue;
            for (long start = Stopwatch.GetTimestamp();
                least > 8 && Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(1);)
            {
                long before = GC.GetTotalAllocatedBytes(precise: true);
                for (int i = 0; i < 2000; i++)
                {
                    await RoundAsync(set);
                }

                least = Math.Min(least, (GC.GetTotalAllocatedBytes(precise: true) - before) / 2000);
            }

            Assert.InRange(least, 0, 80);

            static async Fiber RoundAsync(JoinSet<int> set)
            {
                set.Spawn(static async _ =>
                {
                    await Fiber.Yield();
                    return 42;
                });
                Outcome<int>? outcome = await set.JoinNextAsync();
                Assert.True(outcome!.Value.Value == 42);
            }
        })));

    [Fact]
    public Task Each_outcome_goes_to_exactly_one_of_many_whatever_is_cancelled() => InTime(async () =>
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        for (int round = 0; round < 60; round++)
        {
            const int Children = 100;
            int[] taken = new int[Children];
            await using var set = JoinSet<int>.Open();
            await TaskScope.RunAsync(async scope =>
            {
                TaskCompletionSource begin = Signal();
                for (int i = 0; i < Children; i++)
                {
                    int n = i;
                    int yields = random.Next(4);
                    set.Spawn(async _ =>
                    {
                        for (int j = 0; j < yields; j++)
                        {
                            await Fiber.Yield();
                        }

                        return n;
                    });
                }

                for (int c = 0; c < 4; c++)
                {
                    int mine = random.Next();
                    scope.Spawn(async _ =>
                    {
                        var dice = new Random(mine);
                        while (true)
                        {
                            using var impatient = new CancellationTokenSource();
                            Task<Outcome<int>?> wait = set.JoinNextAsync(impatient.Token).AsTask();
                            if (dice.Next(2) == 0)
                            {
                                await impatient.CancelAsync();
                            }

                            try
                            {
                                if (await wait is not { } outcome)
                                {
                                    return;
                                }

                                Interlocked.Increment(ref taken[outcome.Value]);
                            }
                            catch (OperationCanceledException)
                            {
                                await Fiber.Yield();
                            }
                        }
                    });
                }
            });
            Assert.True(taken.All(static times => times == 1), $"Taken {string.Join(' ', taken)} times. Seed {seed}.");
            Assert.Equal(0, set.Count);
        }
    });
}
