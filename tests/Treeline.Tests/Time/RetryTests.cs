namespace Treeline.Tests.Time;

public sealed class RetryTests : TreeTest
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _clock = new();
    private int _attempts;

    [Fact]
    public Task What_succeeds_is_run_once() => InTime(async () =>
    {
        Assert.Equal(7, await new Retry().RunAsync(async ct =>
        {
            _attempts++;
            await Task.Yield();
            return 7;
        }));
        Assert.Equal(1, _attempts);
    });

    [Fact]
    public Task What_fails_is_tried_again_after_waits_that_double() => InTime(async () =>
    {
        var times = new List<double>();
        DateTimeOffset start = _clock.GetUtcNow();
        var retry = new Retry { MaxAttempts = 6, FirstDelay = s_second, MaxDelay = 5 * s_second, Jitter = BackoffJitter.None };
        await OnTheClock(() => retry.RunAsync(async _ =>
        {
            times.Add((_clock.GetUtcNow() - start).TotalSeconds);
            Fail(unless: times.Count == 6);
        }));
        Assert.Equal([0, 1, 3, 7, 12, 17], times);
    });

    [Fact]
    public Task Given_up_all_errors_surface_in_order() => InTime(async () =>
    {
        RetryException thrown = await Assert.ThrowsAsync<RetryException>(
            () => OnTheClock(() => new Retry { MaxAttempts = 3 }.RunAsync(async _ => Fail(), name: "bank")));
        Assert.Equal(3, thrown.Attempts);
        Assert.Equal(["1", "2", "3"], thrown.InnerExceptions.Select(static error => error.Message));
        Assert.Equal("3", thrown.LastError.Message);
        Assert.Contains("bank' failed 3 times and is given up: MaxAttempts is 3. The last time: OopsException: 3", thrown.Message, StringComparison.Ordinal);
    });

    [Fact]
    public Task Of_very_many_errors_the_last_hundred_are_kept() => InTime(async () =>
    {
        RetryException thrown = await Assert.ThrowsAsync<RetryException>(
            () => new Retry { MaxAttempts = 250, FirstDelay = TimeSpan.Zero }.RunAsync(async _ => Fail()));
        Assert.Equal(250, thrown.Attempts);
        Assert.Equal(Enumerable.Range(151, 100).Select(static number => $"{number}"), thrown.InnerExceptions.Select(static error => error.Message));
    });

    [Fact]
    public Task The_error_of_a_single_attempt_surfaces_as_itself() => InTime(async () =>
    {
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => new Retry { MaxAttempts = 1 }.RunAsync(async _ => Fail()));
        Assert.Contains(nameof(Fail), thrown.StackTrace!, StringComparison.Ordinal);
    });

    [Fact]
    public Task An_error_that_is_not_worth_it_surfaces_as_itself_at_once() => InTime(async () =>
    {
        var retry = new Retry { RetryWhen = static error => error.Message == "1" };
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => OnTheClock(() => retry.RunAsync(async _ => Fail())));
        Assert.Equal("2", thrown.Message);
        Assert.Equal(2, _attempts);
    });

    [Fact]
    public Task What_the_predicate_throws_surfaces() => InTime(async () =>
    {
        var retry = new Retry { RetryWhen = static _ => throw new InvalidOperationException("predicate") };
        InvalidOperationException thrown = await Assert.ThrowsAsync<InvalidOperationException>(() => retry.RunAsync(async _ => Fail()));
        Assert.Equal("predicate", thrown.Message);
    });

    [Fact]
    public Task Cancelled_in_an_attempt_it_is_not_tried_again() => InTime(async () =>
    {
        using var source = new CancellationTokenSource();
        var begun = Signal();
        Task run = new Retry { MaxAttempts = null }.RunAsync(
            async ct =>
            {
                _attempts++;
                begun.SetResult();
                await Forever(ct);
            },
            source.Token);
        await begun.Task;
        await source.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(source.Token, thrown.CancellationToken);
        Assert.Equal(1, _attempts);
    });

    [Fact]
    public Task Cancelled_between_attempts_it_ends_at_once() => InTime(async () =>
    {
        using var source = new CancellationTokenSource();
        Task run = TaskScope.RunAsync(
            async scope => await new Retry { FirstDelay = s_second, Jitter = BackoffJitter.None }.RunAsync(async _ => Fail(), source.Token),
            new ScopeOptions { TimeProvider = _clock });
        await Until(() => _clock.Pending == 1);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(1, _attempts);
        Assert.Equal(0, _clock.Pending);
    });

    [Fact]
    public Task Cancelled_before_no_attempt_is_made() => InTime(async () =>
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new Retry().RunAsync(async _ => Fail(), new CancellationToken(true)));
        Assert.Equal(0, _attempts);
    });

    [Fact]
    public Task A_cancellation_that_is_nobodys_is_an_error_like_any_other() => InTime(async () =>
    {
        int answer = await OnTheClock(() => new Retry().RunAsync(async _ =>
        {
            await Task.Yield();
            return ++_attempts == 1 ? throw new TaskCanceledException("as of an HttpClient that timed out") : _attempts;
        }));
        Assert.Equal(2, answer);
    });

    [Fact]
    public Task An_attempt_that_takes_too_long_is_cancelled_and_has_ended_before_the_next() => InTime(async events =>
    {
        var retry = new Retry { MaxAttempts = 2, AttemptTimeout = 10 * s_second };
        RetryException thrown = await Assert.ThrowsAsync<RetryException>(() => OnTheClock(() => retry.RunAsync(async ct =>
        {
            int attempt = ++_attempts;
            events.Expect((2 * attempt) - 1);
            try
            {
                await Forever(ct);
            }
            finally
            {
                await Task.Yield();
                events.Expect(2 * attempt);
            }
        })));
        events.Finish(5);
        Assert.All(thrown.InnerExceptions, static error => Assert.IsType<TimeoutException>(error));
    });

    [Fact]
    public Task What_an_attempt_started_ends_with_it() => InTime(async () =>
    {
        int alive = 0;
        await OnTheClock(() => new Retry().RunAsync(async ct =>
        {
            Assert.Equal(0, Volatile.Read(ref alive));
            var begun = Signal();
            _ = TaskScope.RunAsync(async scope =>
            {
                Interlocked.Increment(ref alive);
                begun.SetResult();
                try
                {
                    await Forever(scope.Token);
                }
                finally
                {
                    Interlocked.Decrement(ref alive);
                }
            });
            await begun.Task;
            Fail();
        })).ContinueWith(static task => Assert.IsType<RetryException>(task.Exception!.InnerException), TaskScheduler.Default);
        Assert.Equal(3, _attempts);
    });

    [Fact]
    public Task No_attempt_begins_after_the_time_for_all() => InTime(async () =>
    {
        var retry = new Retry { MaxAttempts = null, MaxElapsed = 10 * s_second, FirstDelay = s_second, Jitter = BackoffJitter.None };
        RetryException thrown = await Assert.ThrowsAsync<RetryException>(() => OnTheClock(() => retry.RunAsync(async _ => Fail())));
        Assert.Equal(4, thrown.Attempts); // at 0, 1, 3 and 7; the next would be at 15
        Assert.Contains("MaxElapsed of 00:00:10", thrown.Message, StringComparison.Ordinal);
    });

    [Fact]
    public Task Without_a_budget_left_errors_surface_and_successes_fill_it() => InTime(async () =>
    {
        var budget = new RetryBudget(capacity: 2, perSuccess: 0.5);
        var retry = new Retry { MaxAttempts = 10, Budget = budget };
        RetryException thrown = await Assert.ThrowsAsync<RetryException>(() => OnTheClock(() => retry.RunAsync(async _ => Fail())));
        Assert.Equal(3, thrown.Attempts);
        Assert.Contains("budget", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(0, budget.Left);
        await Assert.ThrowsAsync<OopsException>(() => retry.RunAsync(async _ => Fail()));
        await retry.RunAsync(static async _ => await Task.Yield());
        Assert.Equal(0, budget.Left);
        await retry.RunAsync(static async _ => await Task.Yield());
        Assert.Equal(1, budget.Left);
        for (int i = 0; i < 10; i++)
        {
            await retry.RunAsync(static async _ => await Task.Yield());
        }

        Assert.Equal(2, budget.Left);
    });

    [Fact]
    public void Full_jitter_is_anything_up_to_the_whole_and_decorrelated_grows_from_the_one_before()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var full = new Backoff(s_second, 10 * s_second, BackoffJitter.Full, new Random(seed));
            var decorrelated = new Backoff(s_second, 10 * s_second, BackoffJitter.Decorrelated, new Random(seed));
            TimeSpan before = s_second;
            for (int i = 0; i < 100; i++)
            {
                Assert.InRange(full.Next(), TimeSpan.Zero, Math.Min(10, Math.Pow(2, i)) * s_second);
                TimeSpan next = decorrelated.Next();
                Assert.InRange(next, s_second, TimeSpan.FromTicks(Math.Min(10 * s_second.Ticks, 3 * before.Ticks)));
                before = next;
            }
        }

        double[] waits = [.. Enumerable.Range(0, 1_000).Select(static seed =>
            new Backoff(s_second, s_second, BackoffJitter.Full, new Random(seed)).Next().TotalSeconds)];
        Assert.InRange(waits.Average(), 0.45, 0.55);
    }

    [Fact]
    public void Wrong_policies_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Retry { MaxAttempts = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new Retry { MaxElapsed = -s_second });
        Assert.Throws<ArgumentOutOfRangeException>(() => new Retry { AttemptTimeout = -s_second });
        Assert.Throws<ArgumentOutOfRangeException>(() => new Retry { FirstDelay = -s_second });
        Assert.Throws<ArgumentOutOfRangeException>(() => new Retry { MaxDelay = -s_second });
        Assert.Throws<ArgumentOutOfRangeException>(() => new RetryBudget(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RetryBudget(1, 1.5));
        Assert.Throws<ArgumentNullException>(() => { _ = new Retry().RunAsync((Func<CancellationToken, Task>)null!); });
        Assert.Throws<ArgumentNullException>(() => { _ = new Retry().RunAsync((Func<CancellationToken, Task<int>>)null!); });
    }

    [Fact]
    public Task Every_shape_of_delegate_is_taken() => InTime(async () =>
    {
        var retry = new Retry();
        await retry.RunAsync(async ct => await Task.Delay(1, ct));
        await retry.RunAsync(ct => Task.Delay(1, ct));
        await retry.RunAsync(static _ => ValueTask.CompletedTask);
        await retry.RunAsync(OfFiber);
        Assert.Equal(1, await retry.RunAsync(static async ct => await Task.FromResult(1)));
        Assert.Equal(2, await retry.RunAsync(static _ => Task.FromResult(2)));
        Assert.Equal(3, await retry.RunAsync(static _ => ValueTask.FromResult(3)));
        Assert.Equal(4, await retry.RunAsync(FiberOfInt));

        static async Fiber OfFiber(CancellationToken _) => await Fiber.Yield();

        static async Fiber<int> FiberOfInt(CancellationToken _)
        {
            await Fiber.Yield();
            return 4;
        }
    });

    [Fact]
    public Task The_tree_shows_the_attempt() => InTime(async () =>
    {
        await new Retry().RunAsync(
            async ct =>
            {
                Assert.Equal("attempt 1", Assert.Single(Find("bank").Children).Name);
                await Task.Yield();
            },
            name: "bank");
    });

    private void Fail(bool unless = false)
    {
        int attempt = ++_attempts;
        if (!unless)
        {
            throw new OopsException($"{attempt}");
        }
    }

    private Task<int> OnTheClock(Func<Task> run) => OnTheClock(async Task<int> () =>
    {
        await run();
        return 0;
    });

    /// <summary>Moves the clock for as long as it runs, whenever something waits for it.</summary>
    private async Task<T> OnTheClock<T>(Func<Task<T>> run)
    {
        Task<T> running = TaskScope.RunAsync(async Task<T> (_) => await run(), new ScopeOptions { TimeProvider = _clock });
        while (!running.IsCompleted)
        {
            if (_clock.NextDue is { } next)
            {
                _clock.Advance(next - _clock.GetUtcNow());
            }

            await Task.Yield();
        }

        return await running;
    }
}
