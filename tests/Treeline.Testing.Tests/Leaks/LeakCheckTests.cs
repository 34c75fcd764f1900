namespace Treeline.Testing.Tests.Leaks;

public sealed class LeakCheckTests
{
    [Fact]
    public async Task What_has_ended_is_no_leak()
    {
        using var outer = new CancellationTokenSource();
        await LeakCheck.RunAsync(async check =>
        {
            await TaskScope.RunAsync(
                static async scope =>
                {
                    scope.Spawn(static ct => Task.Delay(1, ct));
                    await scope.Spawn(static async _ => await Task.Run(static () => { }));
                },
                check.Token);
            await TaskScope.RunAsync(static async _ => await Fiber.Yield(), outer.Token);
            await Task.Delay(TimeSpan.FromMilliseconds(1), check.Clock);
            await using (check.Clock.CreateTimer(static _ => { }, null, TimeSpan.FromHours(1), TimeSpan.FromHours(1)))
            using (check.Token.Register(static () => { }))
            {
                var thread = new Thread(static () => { });
                thread.Start();
                thread.Join();
            }

            VirtualTime time = check.Watch(new VirtualTime());
            await time.RunAsync(async scope => await Task.Delay(TimeSpan.FromDays(1), time, scope.Token));
        });
    }

    [Fact]
    public async Task Whatever_is_left_is_named()
    {
        using var outer = new CancellationTokenSource();
        using var end = new ManualResetEventSlim();
        TaskScope? scope = null;
        ITimer? timer = null;
        var crank = new OwnThreadsCrank("left thread", TimeSpan.FromMinutes(1));
        var scheduler = new Scheduler(crank, seats: 1, monitored: false);
        using (ExecutionContext.SuppressFlow())
        {
            new Thread(end.Wait) { IsBackground = true, Name = "not of the test" }.Start();
        }

        Task? running = null;
        var leak = await Assert.ThrowsAsync<LeakException>(() => LeakCheck.RunAsync(async check =>
        {
            scope = TaskScope.Open(outer.Token, "left scope");
            scope.Spawn(static ct => Task.Delay(Timeout.Infinite, ct), "left child");
            timer = check.Clock.CreateTimer(static _ => { }, null, TimeSpan.FromHours(1), TimeSpan.FromHours(2));
            VirtualTime time = check.Watch(new VirtualTime());
            time.CreateTimer(static _ => { }, null, TimeSpan.FromHours(1), Timeout.InfiniteTimeSpan);
            check.Token.Register(static () => throw new InvalidTimeZoneException());
            check.Token.Register(static () => { });
            running = Task.Run(end.Wait);
            new Thread(end.Wait) { IsBackground = true, Name = "left by the test" }.Start();
            var ran = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            scheduler.Schedule(new Work(ran.SetResult));
            await ran.Task;
        }));
        end.Set();
        await running!;
        scope!.Cancel();
        await scope.DisposeAsync();
        await timer!.DisposeAsync();
        scheduler.Dispose();

        Assert.Contains("left scope  scope, running, ", leak.Message, StringComparison.Ordinal);
        Assert.Contains("    left child  child, running, ", leak.Message, StringComparison.Ordinal);
        Assert.Contains("a timer of Clock, set for 01:00:00, then every 02:00:00", leak.Message, StringComparison.Ordinal);
        Assert.Contains("timers of a virtual time that are set: 1", leak.Message, StringComparison.Ordinal);
        Assert.Contains("callbacks registered on the Token of the check: 2", leak.Message, StringComparison.Ordinal);
        Assert.Contains("a thread of the pool that still runs", leak.Message, StringComparison.Ordinal);
        Assert.Contains("'left by the test'", leak.Message, StringComparison.Ordinal);
        Assert.Contains("the thread 'left thread' of an executor", leak.Message, StringComparison.Ordinal);
        Assert.Contains("the registration of 'left scope' (LeakCheckTests.cs:", leak.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("not of the test", leak.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_there_before_is_no_leak()
    {
        await using TaskScope before = TaskScope.Open();
        before.Spawn(static ct => Task.Delay(Timeout.Infinite, ct));
        await LeakCheck.RunAsync(static _ => Task.CompletedTask);
    }

    [Fact]
    public async Task What_is_about_to_end_is_waited_for()
    {
        await LeakCheck.RunAsync(static _ =>
        {
            // Nobody awaits it, but it ends.
            Func<TaskScope, Task> body = static async _ => await Task.Delay(50);
            Task forgotten = TaskScope.RunAsync(body);
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task A_failure_of_the_test_surfaces_as_itself_and_with_a_leak_beside_it()
    {
        var failure = new InvalidTimeZoneException();
        Assert.Same(
            failure,
            await Assert.ThrowsAsync<InvalidTimeZoneException>(() => LeakCheck.RunAsync(_ => Task.FromException(failure))));

        TaskScope? scope = null;
        var both = await Assert.ThrowsAsync<AggregateException>(() => LeakCheck.RunAsync(_ =>
        {
            scope = TaskScope.Open();
            throw failure;
        }));
        Assert.Same(failure, both.InnerExceptions[0]);
        Assert.IsType<LeakException>(both.InnerExceptions[1]);
        await scope!.DisposeAsync();
    }

    [Fact]
    public async Task A_check_can_be_started_and_disposed_of_by_hand()
    {
        LeakCheck check = LeakCheck.Start();
        TaskScope scope = TaskScope.Open();
        await scope.DisposeAsync();
        await check.DisposeAsync();
        await check.DisposeAsync();
        await Task.Run(static () => Assert.Null(ContextThreads.Current));
    }

    [Fact]
    public async Task Checks_may_be_nested()
    {
        await LeakCheck.RunAsync(static async outer =>
        {
            await LeakCheck.RunAsync(static async inner => await TaskScope.RunAsync(static async _ => { }, inner.Token));
            await Task.Delay(1, outer.Token);
        });
    }

    private sealed class Work(Action action) : IThreadPoolWorkItem
    {
        public void Execute() => action();
    }
}
