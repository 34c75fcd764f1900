// Waits are looked at before they are awaited.
#pragma warning disable CA2012, xUnit1031

using Treeline.Tests.Execution.Waiting;

namespace Treeline.Tests.Time;

public sealed class ClockTests : TreeTest
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public Task It_completes_when_the_time_is_over_and_not_before() => InTime(async () =>
    {
        ValueTask delay = Clock.Delay(s_second, _clock);
        _clock.Advance(s_second - TimeSpan.FromTicks(1));
        Assert.False(delay.IsCompleted);
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.True(delay.IsCompletedSuccessfully);
        await delay;
        Assert.Equal(0, _clock.Pending);
    });

    [Fact]
    public Task On_the_systems_clock_none_is_early() => InTime(async () =>
    {
        await TaskScope.RunAsync(async scope =>
        {
            for (int i = 0; i < 50; i++)
            {
                TimeSpan time = TimeSpan.FromMilliseconds(i * 0.7);
                scope.Spawn(async _ =>
                {
                    long begin = TimeProvider.System.GetTimestamp();
                    await Clock.Delay(time, CancellationToken.None);
                    TimeSpan after = TimeProvider.System.GetElapsedTime(begin);
                    Assert.True(after >= time, $"{time} took {after}.");
                });
            }
        });
    });

    [Fact]
    public Task Cancelled_first_it_ends_at_once_and_its_timer_is_gone() => InTime(async () =>
    {
        using var source = new CancellationTokenSource();
        ValueTask delay = Clock.Delay(s_second, _clock, source.Token);
        Assert.Equal(1, _clock.Pending);
        await source.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await delay);
        Assert.Equal(source.Token, thrown.CancellationToken);
        Assert.Contains("a delay", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(0, _clock.Pending);
    });

    [Fact]
    public Task A_token_cancelled_before_sets_no_timer() => InTime(async () =>
    {
        ValueTask delay = Clock.Delay(TimeSpan.Zero, _clock, new CancellationToken(true));
        Assert.True(delay.IsCanceled);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await delay);
        Assert.Equal(0, _clock.Pending);
    });

    [Fact]
    public Task Cancelled_as_the_time_comes_it_is_either_and_never_both() => InTime(async () =>
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        int over = 0;
        for (int i = 0; i < 300; i++)
        {
            using var source = new CancellationTokenSource();
            ValueTask delay = Clock.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, source.Token);
            long until = TimeProvider.System.GetTimestamp() + random.Next((int)(TimeProvider.System.TimestampFrequency / 400));
            Task cancel = Task.Run(() =>
            {
                SpinWait.SpinUntil(() => TimeProvider.System.GetTimestamp() >= until);
                source.Cancel();
            });
            try
            {
                await delay;
                over++;
            }
            catch (OperationCanceledException e)
            {
                Assert.True(e.CancellationToken == source.Token, $"Seed {seed}, round {i}.");
            }

            await cancel;
        }

        Assert.InRange(over, 0, 300);
    });

    [Fact]
    public Task Many_that_wait_for_the_same_moment_all_go_on() => InTime(async () =>
    {
        int count = 0;
        await TaskScope.RunAsync(async scope =>
        {
            for (int i = 0; i < 10_000; i++)
            {
                scope.Spawn(async ct =>
                {
                    await Clock.Delay(TimeSpan.FromMilliseconds(20), ct);
                    Interlocked.Increment(ref count);
                });
            }
        });
        Assert.Equal(10_000, count);
    });

    [Fact]
    public Task The_clock_is_the_enclosing_scopes() => InTime(async () =>
    {
        var waits = Signal();
        Task run = TaskScope.RunAsync(
            async scope =>
            {
                ValueTask delay = Clock.Delay(s_second);
                ValueTask until = Clock.DelayUntil(_clock.GetUtcNow() + (2 * s_second));
                waits.SetResult();
                await delay;
                await until;
            },
            new ScopeOptions { TimeProvider = _clock });
        await waits.Task;
        Assert.Equal(2, _clock.Pending);
        _clock.Advance(s_second);
        Assert.False(run.IsCompleted);
        _clock.Advance(s_second);
        await run;
    });

    [Fact]
    public Task Until_a_moment_that_is_past_it_is_over_at_once() => InTime(async () =>
    {
        Assert.True(Clock.DelayUntil(_clock.GetUtcNow() - s_second, _clock).IsCompletedSuccessfully);
        ValueTask delay = Clock.DelayUntil(_clock.GetUtcNow() + s_second, _clock);
        Assert.False(delay.IsCompleted);
        _clock.Advance(s_second);
        await delay;
    });

    [Fact]
    public void Wrong_times_are_refused_at_the_call()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = Clock.Delay(-s_second); });
        Assert.Throws<ArgumentOutOfRangeException>(() => Clock.DelayCase(-s_second));
        Assert.Throws<ArgumentNullException>(() => { _ = Clock.Delay(s_second, null!); });
        Assert.Throws<ArgumentNullException>(() => { _ = Clock.DelayUntil(default, (TimeProvider)null!); });
        Assert.Throws<ArgumentNullException>(() => Clock.DelayCase(s_second, null!));
    }

    [Fact]
    public Task For_ever_ends_by_cancellation_only() => InTime(async () =>
    {
        using var source = new CancellationTokenSource();
        ValueTask delay = Clock.Delay(Timeout.InfiniteTimeSpan, _clock, source.Token);
        Assert.Equal(0, _clock.Pending);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await delay);
    });

    [Fact]
    public Task A_fiber_goes_on_where_it_ran() => InTime(async () =>
    {
        await TaskScope.RunAsync(async scope =>
        {
            await scope.Spawn(async _ =>
            {
                await Clock.Delay(TimeSpan.FromMilliseconds(1), CancellationToken.None);
                Assert.NotNull(WorkerThread.Current.Worker);
                Assert.Same(Executor.ThreadPool, Executor.Current);
            });
        });
    });

    [Fact]
    public Task The_tree_shows_who_waits() => InTime(async () =>
    {
        await TaskScope.RunAsync(async scope =>
        {
            scope.Spawn(async ct => await Clock.Delay(s_second, _clock, ct), name: "sleeper");
            await Until(() => _clock.Pending == 1 && Find("sleeper").WaitsOn is not null);
            Assert.Contains("a delay", $"{Find("sleeper").WaitsOn}", StringComparison.Ordinal);
            _clock.Advance(s_second);
        });
    });

    [Fact]
    public void Warm_it_allocates_nothing()
    {
        using OnAWorker _ = OnAWorker.Enter();
        using var source = new CancellationTokenSource();
        long least = long.MaxValue;
        for (int round = 0; round < 10 && least > 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100; i++)
            {
                ValueTask delay = Clock.Delay(TimeSpan.FromTicks(1), TimeProvider.System, source.Token);
                while (!delay.IsCompleted)
                {
                    Thread.Yield();
                }

                delay.GetAwaiter().GetResult();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    [Fact]
    public Task As_a_case_of_a_select_it_runs_anew_in_each_wait() => InTime(async () =>
    {
        var mailbox = new Mailbox();
        Select<string> select = new Select<string>()
            .On(mailbox.Case(), static item => $"{item}")
            .On(Clock.DelayCase(s_second, _clock), static () => "a second");
        ValueTask<string> wait = select.WaitAsync();
        _clock.Advance(s_second / 2);
        mailbox.Send(1);
        Assert.Equal("1", await wait);
        Assert.Equal(0, _clock.Pending);
        wait = select.WaitAsync();
        _clock.Advance(0.9 * s_second);
        Assert.False(wait.IsCompleted);
        _clock.Advance(0.1 * s_second);
        Assert.Equal("a second", await wait);
        Assert.False(mailbox.HasWaiters);
    });

    [Fact]
    public Task As_a_case_it_may_be_no_time_at_all_or_for_ever() => InTime(async () =>
    {
        Select<string> select = new Select<string>()
            .On(Clock.DelayCase(Timeout.InfiniteTimeSpan, _clock), static () => "never")
            .On(Clock.DelayCase(TimeSpan.Zero, _clock), static () => "now");
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal("now", await select.WaitAsync());
        }
    });
}
