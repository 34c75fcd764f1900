using System.Diagnostics;

namespace Treeline.Testing.Tests.Time;

public sealed class VirtualTimeRunTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly VirtualTime _time = new();

    [Fact]
    public async Task A_day_of_retries_takes_no_time()
    {
        long start = Stopwatch.GetTimestamp();
        int attempts = 0;
        int result = await _time.RunAsync(async scope =>
        {
            ChildTask<int> call = scope.Spawn(async ct =>
            {
                for (TimeSpan wait = s_second; ; wait = wait < TimeSpan.FromMinutes(10) ? wait * 2 : wait)
                {
                    attempts++;
                    if (_time.Elapsed > TimeSpan.FromHours(24))
                    {
                        return 42;
                    }

                    await Task.Delay(wait, _time, ct);
                }
            });
            return await call;
        });
        Assert.Equal(42, result);
        Assert.InRange(attempts, 90, 150);
        Assert.InRange(_time.Elapsed, TimeSpan.FromHours(24), TimeSpan.FromHours(25));
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20), "That was no virtual time.");
    }

    [Fact]
    public async Task The_clock_moves_when_nothing_else_can_and_to_the_next_timer_only()
    {
        var events = new List<string>();
        await _time.RunAsync(async scope =>
        {
            foreach (int seconds in (ReadOnlySpan<int>)[3, 1, 2, 1])
            {
                scope.Spawn(async _ =>
                {
                    await Task.Delay(seconds * s_second, _time, CancellationToken.None);
                    events.Add($"{seconds} at {_time.Elapsed.TotalSeconds}");
                    for (int i = 0; i < 100; i++)
                    {
                        await Task.Yield();
                        await Fiber.Yield();
                    }

                    events.Add($"{seconds} ends at {_time.Elapsed.TotalSeconds}");
                });
            }
        });
        Assert.Equal(
            ["1 at 1", "1 ends at 1", "1 at 1", "1 ends at 1", "2 at 2", "2 ends at 2", "3 at 3", "3 ends at 3"], events);
    }

    [Fact]
    public async Task Bodies_of_every_shape_run_and_give_their_results()
    {
        Assert.Equal(1, await _time.RunAsync(static async _ => 1));
        Assert.Equal(2, await _time.RunAsync(static _ => Task.FromResult(2)));
        Assert.Equal(3, await _time.RunAsync(static _ => ValueTask.FromResult(3)));
        await _time.RunAsync(static _ => Task.CompletedTask);
        await _time.RunAsync(static _ => ValueTask.CompletedTask);
        await _time.RunAsync(static async _ => await Task.Yield());
        await Assert.ThrowsAsync<ArgumentNullException>(() => _time.RunAsync((Func<TaskScope, Task>)null!));
    }

    [Fact]
    public async Task What_fails_surfaces_as_from_a_scope()
    {
        var failure = new InvalidTimeZoneException();
        Assert.Same(failure, await Assert.ThrowsAsync<InvalidTimeZoneException>(() => _time.RunAsync(async scope =>
        {
            scope.Spawn(_ => Task.FromException(failure));
            await Task.Delay(Timeout.Infinite, scope.Token);
        })));
        await Assert.ThrowsAsync<ScopeException>(() => _time.RunAsync(static async scope =>
        {
            scope.Spawn(static _ => Task.FromException(new InvalidTimeZoneException()));
            scope.Spawn(static _ => throw new InvalidTimeZoneException());
            await Task.Yield();
            throw new InvalidTimeZoneException();
        }));
    }

    [Fact]
    public async Task The_token_cancels_the_scope()
    {
        using var source = new CancellationTokenSource(s_second, _time);
        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _time.RunAsync(async scope => await Task.Delay(TimeSpan.FromDays(1), _time, scope.Token), source.Token));
        Assert.Equal(source.Token, thrown.CancellationToken);
        Assert.Equal(s_second, _time.Elapsed);
    }

    [Fact]
    public async Task Deadlines_are_the_clocks()
    {
        await _time.RunAsync(async _ =>
        {
            await Assert.ThrowsAsync<TimeoutException>(() => TaskScope.RunAsync(
                static inner => inner.Spawn(static ct => Task.Delay(Timeout.Infinite, ct)).AsTask(),
                new ScopeOptions { Timeout = TimeSpan.FromHours(1), TimeProvider = _time }));
            Assert.Equal(TimeSpan.FromHours(1), _time.Elapsed);
        });
    }

    [Fact]
    public async Task All_of_it_runs_on_one_thread()
    {
        await _time.RunAsync(async scope =>
        {
            Thread thread = Thread.CurrentThread;
            await scope.Spawn(async _ =>
            {
                await Task.Delay(s_second, _time, CancellationToken.None);
                Assert.Same(thread, Thread.CurrentThread);
                await Task.Run(() => Assert.NotSame(thread, Thread.CurrentThread));
                Assert.Same(thread, Thread.CurrentThread);
            });
            await Fiber.Yield();
            Assert.Same(thread, Thread.CurrentThread);
        });
    }

    [Fact]
    public async Task The_clock_waits_for_work_on_other_threads()
    {
        for (int i = 0; i < 20; i++)
        {
            var time = new VirtualTime();
            await time.RunAsync(async _ =>
            {
                Task timeout = Task.Delay(s_second, time);
                Task<int> elsewhere = Task.Run(static async () =>
                {
                    await Task.Yield();
                    Thread.Sleep(1);
                    return await Task.Run(static () => 1).ConfigureAwait(false);
                });
                Assert.Same(elsewhere, await Task.WhenAny(elsewhere, timeout));
                Assert.Equal(TimeSpan.Zero, time.Elapsed);
                await LibraryCodeAsync(time).WaitAsync(2 * s_second, time);
                Assert.Equal(s_second, time.Elapsed);
            });
        }

        static async Task LibraryCodeAsync(VirtualTime time)
        {
            await Task.Delay(s_second, time).ConfigureAwait(false);
            await Task.Yield();
            await Task.Run(static () => { }).ConfigureAwait(false);
        }
    }

    [Fact]
    public async Task Threads_that_wait_for_the_clock_are_not_waited_for_for_ever()
    {
        await _time.RunAsync(async _ =>
        {
            using var elapsed = new ManualResetEventSlim();
            Task blocked = Task.Run(elapsed.Wait);
            var service = new Thread(elapsed.Wait) { IsBackground = true };
            service.Start();
            await Task.Delay(s_second, _time);
            elapsed.Set();
            await blocked;
            service.Join();
        });
    }

    [Fact]
    public async Task The_clock_is_held_for_what_it_cannot_see()
    {
        await _time.RunAsync(async _ =>
        {
            Task timeout = Task.Delay(s_second, _time);
            Task real = Task.Delay(20);
            _time.HoldFor(real);
            Assert.Same(real, await Task.WhenAny(real, timeout));
            Assert.Equal(TimeSpan.Zero, _time.Elapsed);
            await timeout;
        });
        Assert.Throws<InvalidOperationException>(() => _time.HoldFor(Task.CompletedTask));
    }

    [Fact]
    public async Task Something_real_is_waited_for_when_no_timer_is_set()
    {
        await _time.RunAsync(static async _ => await Task.Delay(20));
    }

    [Fact]
    public async Task What_never_ends_is_told_with_the_tree_and_is_cancelled()
    {
        bool cleanedUp = false;
        var stuck = await Assert.ThrowsAsync<StuckException>(() => _time.RunAsync(
            async scope =>
            {
                ChildTask waits = scope.Spawn(
                    async ct =>
                    {
                        try
                        {
                            await Task.Delay(Timeout.Infinite, ct);
                        }
                        finally
                        {
                            await Task.Delay(s_second, _time, CancellationToken.None);
                            cleanedUp = true;
                        }
                    },
                    "child");
                await waits;
            },
            name: "scope"));
        Assert.True(cleanedUp);
        Assert.Contains("  scope  scope, running, ", stuck.Message, StringComparison.Ordinal);
        Assert.Contains("    child  child, running, ", stuck.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(TaskTree.Snapshot().Roots, static root => root.Name == "scope");
    }

    [Fact]
    public async Task What_does_not_even_listen_to_its_token_stays_in_the_tree()
    {
        var deaf = new TaskCompletionSource();
        var error = await Assert.ThrowsAsync<AggregateException>(() => _time.RunAsync(_ => deaf.Task, name: "deaf"));
        Assert.All(error.InnerExceptions, static each => Assert.IsType<StuckException>(each));
        Assert.Contains("ignores its token", error.InnerExceptions[^1].Message, StringComparison.Ordinal);
        Assert.Contains(TaskTree.Snapshot().Roots, static root => root.Name == "deaf");
        deaf.SetResult();
        SpinWait.SpinUntil(static () => TaskTree.Snapshot().Roots.All(static root => root.Name != "deaf"));
    }

    [Fact]
    public async Task What_nobody_can_catch_fails_the_run()
    {
        bool cancelled = false;
        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => _time.RunAsync(async scope =>
        {
            Fail();
            try
            {
                await Task.Delay(Timeout.Infinite, scope.Token);
            }
            finally
            {
                cancelled = true;
            }

            async void Fail()
            {
                await Task.Delay(s_second, _time);
                throw new InvalidTimeZoneException();
            }
        }));
        Assert.True(cancelled);
        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => _time.RunAsync(async scope =>
        {
            await using ITimer timer = _time.CreateTimer(
                static _ => throw new InvalidTimeZoneException(), null, s_second, Timeout.InfiniteTimeSpan);
            await Task.Delay(Timeout.Infinite, scope.Token);
        }));
    }

    [Fact]
    public async Task A_clock_serves_one_run_at_a_time()
    {
        await _time.RunAsync(async _ =>
        {
            Task second = _time.RunAsync(static async _ => { });
            await Assert.ThrowsAsync<InvalidOperationException>(() => second);
        });
        await _time.RunAsync(static async _ => { });
    }

    [Fact]
    public async Task What_was_forgotten_does_not_hold_the_run_up_and_goes_on_elsewhere()
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task? forgotten = null;
        await _time.RunAsync(async _ =>
        {
            forgotten = ForgottenAsync();
            Task spinning = SpinningAsync();
            Assert.False(spinning.IsCompleted);
            await Task.Yield();
        });
        Assert.False(forgotten!.IsCompleted);
        goOn.SetResult();
        await forgotten;

        async Task ForgottenAsync() => await goOn.Task;

        async Task SpinningAsync()
        {
            while (!goOn.Task.IsCompleted)
            {
                await Task.Yield();
            }
        }
    }

    [Fact]
    public async Task A_run_is_a_tree_of_its_own_and_sees_the_locals_of_the_test()
    {
        var local = new AsyncLocal<int> { Value = 7 };
        await TaskScope.RunAsync(async outer =>
        {
            (string path, int value) = await _time.RunAsync(async scope => (scope.Path, local.Value), name: "run");
            Assert.Equal("run", path);
            Assert.Equal(7, value);
        });
    }
}
