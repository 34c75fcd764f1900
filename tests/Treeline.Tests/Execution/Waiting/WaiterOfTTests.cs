using System.Runtime.CompilerServices;

// Awaiting a ValueTask twice, or before it has ended, is what some of these tests are about.
#pragma warning disable CA2012

namespace Treeline.Tests.Execution.Waiting;

public sealed class WaiterOfTTests : TreeTest
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    [Fact]
    public Task A_value_goes_to_who_waits() => InTime(async () =>
    {
        var mailbox = new Mailbox();
        ValueTask<int> wait = mailbox.ReceiveAsync(Executor.ThreadPool);
        Assert.False(wait.IsCompleted);
        mailbox.Send(42);
        Assert.Equal(42, await wait);
        Assert.Empty(mailbox.Items);
    });

    [Fact]
    public Task Cancelled_first_it_takes_nothing_and_says_what_it_waited_for() => InTime(async () =>
    {
        var mailbox = new Mailbox("the orders");
        using var source = new CancellationTokenSource();
        ValueTask<int> wait = mailbox.ReceiveAsync(Executor.ThreadPool, source.Token);
        source.Cancel();
        Assert.False(mailbox.HasWaiters);
        Assert.True(wait.IsCanceled);
        mailbox.Send(42);
        OperationCanceledException cancelled = await Assert.ThrowsAsync<WaitCanceledException>(async () => await wait);
        Assert.Equal(source.Token, cancelled.CancellationToken);
        Assert.Equal("The wait for the orders was cancelled; it took nothing.", cancelled.Message);
        Assert.Equal([42], mailbox.Items);
    });

    [Fact]
    public Task A_token_cancelled_before_the_wait_cancels_it_at_once() => InTime(async () =>
    {
        var mailbox = new Mailbox();
        var cancelled = new CancellationToken(canceled: true);
        ValueTask<int> wait = mailbox.ReceiveAsync(Executor.ThreadPool, cancelled);
        Assert.True(wait.IsCanceled);
        Assert.False(mailbox.HasWaiters);
        await Assert.ThrowsAsync<WaitCanceledException>(async () => await wait);
    });

    [Fact]
    public Task Signalled_first_a_cancellation_comes_too_late() => InTime(async () =>
    {
        var mailbox = new Mailbox();
        using var source = new CancellationTokenSource();
        ValueTask<int> wait = mailbox.ReceiveAsync(Executor.ThreadPool, source.Token);
        mailbox.Send(42);
        source.Cancel();
        Assert.Equal(42, await wait);
    });

    [Fact]
    public Task Timed_out_it_takes_nothing_and_says_what_it_waited_for() => InTime(() =>
    {
        var clock = new ManualTimeProvider();
        var mailbox = new Mailbox("the orders");
        WaitAwaitable<int> wait = mailbox.Receive(clock, s_second);
        clock.Advance(s_second - TimeSpan.FromTicks(1));
        Assert.False(wait.IsCompleted);
        clock.Advance(TimeSpan.FromTicks(1));
        Assert.True(wait.IsCompleted);
        Assert.False(mailbox.HasWaiters);
        Assert.Equal(
            "The wait for the orders took longer than 00:00:01; it took nothing.",
            Assert.Throws<TimeoutException>(() => wait.GetResult()).Message);
        Assert.Equal(0, clock.Pending);
        return Task.CompletedTask;
    });

    [Fact]
    public Task A_timeout_can_be_a_result() => InTime(() =>
    {
        var clock = new ManualTimeProvider();
        var waiter = Waiter<bool>.Rent(queue: null);
        waiter.LimitTo(clock, s_second, throws: false);
        WaitAwaitable<bool> wait = waiter.AsAwaitable();
        clock.Advance(s_second);
        Assert.Equal(WaitOutcome.TimedOut, waiter.Outcome);
        Assert.False(wait.GetResult());
        return Task.CompletedTask;
    });

    [Fact]
    public Task Signalled_in_time_its_timer_is_stopped() => InTime(() =>
    {
        var clock = new ManualTimeProvider();
        var mailbox = new Mailbox();
        WaitAwaitable<int> wait = mailbox.Receive(clock, s_second);
        Assert.Equal(1, clock.Pending);
        mailbox.Send(42);
        Assert.Equal(42, wait.GetResult());
        Assert.Equal(0, clock.Pending);
        return Task.CompletedTask;
    });

    [Fact]
    public Task A_timeout_longer_than_timers_go_is_kept() => InTime(() =>
    {
        var clock = new ManualTimeProvider();
        WaitAwaitable<int> wait = new Mailbox().Receive(clock, TimeSpan.FromDays(100));
        clock.Advance(TimeSpan.FromDays(99));
        Assert.False(wait.IsCompleted);
        clock.Advance(TimeSpan.FromDays(1));
        Assert.Throws<TimeoutException>(() => wait.GetResult());
        return Task.CompletedTask;
    });

    [Fact]
    public Task A_hint_that_comes_early_changes_nothing() => InTime(() =>
    {
        var clock = new ManualTimeProvider();
        var waiter = Waiter<int>.Rent(queue: null);
        waiter.LimitTo(clock, s_second);
        WaitAwaitable<int> wait = waiter.AsAwaitable();
        Assert.False(waiter.TryTimeOut());
        Assert.False(wait.IsCompleted);
        clock.Advance(s_second);
        Assert.True(wait.IsCompleted);
        return Task.CompletedTask;
    });

    [Fact]
    public Task A_clock_that_throws_leaves_nobody_in_line() => InTime(() =>
    {
        var mailbox = new Mailbox();
        Assert.Throws<OopsException>(() => mailbox.Receive(new BrokenClock(), s_second));
        Assert.False(mailbox.HasWaiters);
        return Task.CompletedTask;
    });

    [Fact]
    public Task An_error_is_thrown_as_itself() => InTime(async () =>
    {
        var mailbox = new Mailbox();
        ValueTask<int> wait = mailbox.ReceiveAsync(Executor.ThreadPool);
        var error = new OopsException("closed");
        mailbox.FailOne(error);
        Assert.True(wait.IsFaulted);
        Assert.Same(error, await Assert.ThrowsAsync<OopsException>(async () => await wait));
    });

    [Fact]
    public Task An_async_method_resumes_on_the_waiters_executor_and_never_on_the_signallers_stack() => InTime(async () =>
    {
        using var device = new DedicatedThread();
        var mailbox = new Mailbox();
        bool sending = false;
        async Task<bool> Receive()
        {
            await mailbox.ReceiveAsync(device).ConfigureAwait(false);
            return device.IsCurrent && !Volatile.Read(ref sending);
        }

        // Back to the pool: the device's thread cannot dispose of itself.
        Task<bool> Received() =>
            Receive().ContinueWith(static receive => receive, TaskScheduler.Default).Unwrap();

        Task<bool> received = Received();
        mailbox.Send(1);
        Assert.True(await received);

        // From the executor's own thread, too.
        received = Received();
        device.Schedule(new WorkItemOf(() =>
        {
            Volatile.Write(ref sending, true);
            mailbox.Send(2);
            Volatile.Write(ref sending, false);
        }));
        Assert.True(await received);
    });

    [Fact]
    public Task A_synchronization_context_is_resumed_in_unless_told_not_to() => InTime(async () =>
    {
        var context = new CountingContext();
        var mailbox = new Mailbox();
        Task<int> captured = null!;
        Task<int> free = null!;
        context.Run(() =>
        {
            captured = Await(continueOnCapturedContext: true);
            free = Await(continueOnCapturedContext: false);
        });
        mailbox.Send(1);
        mailbox.Send(2);
        Assert.Equal(1, await captured);
        Assert.Equal(2, await free);
        Assert.Equal(1, context.Posted);

        async Task<int> Await(bool continueOnCapturedContext)
        {
            int item = await mailbox.ReceiveAsync(Executor.ThreadPool).ConfigureAwait(continueOnCapturedContext);
            Assert.Equal(continueOnCapturedContext, SynchronizationContext.Current == context);
            return item;
        }
    });

    [Fact]
    public Task A_task_scheduler_is_resumed_on() => InTime(async () =>
    {
        TaskScheduler scheduler = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;
        var mailbox = new Mailbox();
        Task<Task<bool>> received = Task.Factory.StartNew(
            async () =>
            {
                await mailbox.ReceiveAsync(Executor.ThreadPool);
                return TaskScheduler.Current == scheduler;
            },
            CancellationToken.None,
            TaskCreationOptions.None,
            scheduler);
        Task<bool> inner = await received;
        mailbox.Send(1);
        Assert.True(await inner);
    });

    [Fact]
    public Task The_execution_context_flows_if_asked_to() => InTime(async () =>
    {
        var local = new AsyncLocal<string>();
        var mailbox = new Mailbox();
        var flowed = new TaskCompletionSource<string?>();
        var suppressed = new TaskCompletionSource<string?>();
        local.Value = "the awaiter's";
        ValueTask<int> first = mailbox.ReceiveAsync(Executor.ThreadPool);
        ValueTask<int> second = mailbox.ReceiveAsync(Executor.ThreadPool);
        first.GetAwaiter().OnCompleted(() => flowed.SetResult(local.Value));
        second.GetAwaiter().UnsafeOnCompleted(() => suppressed.SetResult(local.Value));
        local.Value = "the signaller's";
        mailbox.Send(1);
        mailbox.Send(2);
        Assert.Equal("the awaiter's", await flowed.Task);
        Assert.Null(await suppressed.Task);
    });

    [Fact]
    public Task An_async_method_keeps_its_async_locals_over_the_wait() => InTime(async () =>
    {
        var local = new AsyncLocal<int> { Value = 7 };
        var mailbox = new Mailbox();
        async Task<int> Receive()
        {
            await mailbox.ReceiveAsync(Executor.ThreadPool);
            return local.Value;
        }

        Task<int> received = Receive();
        local.Value = 8;
        mailbox.Send(1);
        Assert.Equal(7, await received);
    });

    [Fact]
    public Task An_executor_that_refuses_loses_no_resumption_and_the_signaller_does_not_pay() => InTime(async () =>
    {
        var mailbox = new Mailbox();
        ValueTask<int> wait = mailbox.ReceiveAsync(new ExecutorOf(static _ => throw new OopsException("shutting down")));
        Task<int> received = wait.AsTask();
        mailbox.Send(42);
        Assert.Equal(42, await received);
    });

    [Fact]
    public Task An_executor_that_resumes_twice_is_told() => InTime(() =>
    {
        var mailbox = new Mailbox();
        IThreadPoolWorkItem? kept = null;
        int continued = 0;
        ValueTaskAwaiter<int> awaiter = mailbox.ReceiveAsync(new ExecutorOf(work => kept = work)).GetAwaiter();
        awaiter.UnsafeOnCompleted(() => continued++);
        mailbox.Send(1);
        kept!.Execute();
        Assert.Contains("twice", Assert.Throws<InvalidOperationException>(kept.Execute).Message, StringComparison.Ordinal);
        Assert.Equal(1, continued);
        return Task.CompletedTask;
    });

    [Fact]
    public Task Awaited_twice_it_teaches() => InTime(async () =>
    {
        var mailbox = new Mailbox();
        ValueTask<int> wait = mailbox.ReceiveAsync(Executor.ThreadPool);
        mailbox.Send(1);
        await wait;
        InvalidOperationException thrown = await Assert.ThrowsAsync<InvalidOperationException>(async () => await wait);
        Assert.Contains("call AsTask() once", thrown.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => wait.IsCompleted);
    });

    [Fact]
    public Task Awaited_twice_at_a_time_it_teaches_the_second_and_serves_the_first() => InTime(async () =>
    {
        var mailbox = new Mailbox();
        ValueTask<int> wait = mailbox.ReceiveAsync(Executor.ThreadPool);
        Task<int> first = wait.AsTask();
        Assert.Contains(
            "being awaited already",
            Assert.Throws<InvalidOperationException>(() => wait.GetAwaiter().OnCompleted(static () => { })).Message,
            StringComparison.Ordinal);
        mailbox.Send(1);
        Assert.Equal(1, await first);
    });

    [Fact]
    public Task A_fibers_awaitable_is_checked_too() => InTime(() =>
    {
        var mailbox = new Mailbox();
        WaitAwaitable<int> wait = mailbox.Receive();
        var box = new Box();
        box.Await(wait);
        Assert.Throws<InvalidOperationException>(() => box.Await(wait));
        mailbox.Send(1);
        Assert.Equal((1, 0), (box.Woken, box.Yielded));
        Assert.Equal(1, wait.GetResult());
        Assert.Throws<InvalidOperationException>(() => wait.GetResult());
        Assert.Throws<InvalidOperationException>(() => wait.IsCompleted);
        Assert.Throws<InvalidOperationException>(() => box.Await(wait));
        return Task.CompletedTask;
    });

    [Fact]
    public Task It_cannot_be_blocked_on_and_says_so() => InTime(() =>
    {
        var mailbox = new Mailbox();
        ValueTask<int> wait = mailbox.ReceiveAsync(Executor.ThreadPool);
        Assert.Contains(
            "cannot be blocked on",
            Assert.Throws<InvalidOperationException>(() => wait.GetAwaiter().GetResult()).Message,
            StringComparison.Ordinal);
        mailbox.Send(1);
        Assert.Equal(1, wait.GetAwaiter().GetResult());
        return Task.CompletedTask;
    });

    [Fact]
    public Task Others_than_fibers_can_await_the_awaitable() => InTime(async () =>
    {
        var mailbox = new Mailbox();
        async Task<int> Receive() => await mailbox.Receive();
        Task<int> received = Receive();
        Assert.False(received.IsCompleted);
        mailbox.Send(42);
        Assert.Equal(42, await received);
    });

    [Fact]
    public Task What_it_waits_for_can_be_seen_while_it_waits() => InTime(() =>
    {
        var mailbox = new Mailbox("the orders");
        var waiter = Waiter<int>.Rent(mailbox);
        Assert.Equal("the orders", waiter.WaitingFor!.ToString());
        WaitAwaitable<int> wait = waiter.AsAwaitable();
        Assert.Equal(WaitOutcome.Pending, waiter.Outcome);
        Assert.True(waiter.TryClaim());
        waiter.Complete(1);
        Assert.Equal(WaitOutcome.Signalled, waiter.Outcome);
        wait.GetResult();
        Assert.Null(waiter.WaitingFor);
        Assert.Equal(WaitOutcome.None, waiter.Outcome);
        return Task.CompletedTask;
    });

    [Fact]
    public Task A_node_is_used_again_with_nothing_of_its_past() => InTime(() =>
    {
        using OnAWorker _ = OnAWorker.Enter();
        var clock = new ManualTimeProvider();
        using var source = new CancellationTokenSource();
        var first = Waiter<string>.Rent(queue: null, source.Token);
        first.LimitTo(clock, s_second);
        WaitAwaitable<string> wait = first.AsAwaitable();
        Assert.True(first.TryClaim());
        first.Complete("past");
        Assert.Equal("past", wait.GetResult());

        var second = Waiter<string>.Rent(queue: null);
        Assert.Same(first, second);
        source.Cancel();
        clock.Advance(2 * s_second);
        Assert.False(second.TryTimeOut());
        WaitAwaitable<string> next = second.AsAwaitable();
        Assert.False(next.IsCompleted);
        Assert.Throws<InvalidOperationException>(() => wait.IsCompleted);
        Assert.True(second.TryClaim());
        second.Complete("present");
        Assert.Equal("present", next.GetResult());
        return Task.CompletedTask;
    });

    [Fact]
    public Task A_timed_out_node_is_used_again_by_another_clock() => InTime(() =>
    {
        using OnAWorker _ = OnAWorker.Enter();
        var clock = new ManualTimeProvider();
        var other = new ManualTimeProvider();
        var waiter = Waiter<int>.Rent(queue: null);
        waiter.LimitTo(clock, s_second, throws: false);
        WaitAwaitable<int> wait = waiter.AsAwaitable();
        clock.Advance(s_second);
        wait.GetResult();

        Assert.Same(waiter, Waiter<int>.Rent(queue: null));
        waiter.LimitTo(other, s_second, throws: false);
        wait = waiter.AsAwaitable();
        clock.Advance(s_second);
        Assert.False(wait.IsCompleted);
        other.Advance(s_second);
        Assert.Equal(WaitOutcome.TimedOut, waiter.Outcome);
        wait.GetResult();
        return Task.CompletedTask;
    });

    [Fact]
    public Task A_node_whose_cancellation_came_late_is_not_used_again() => InTime(() =>
    {
        using OnAWorker _ = OnAWorker.Enter();
        using var source = new CancellationTokenSource();
        var waiter = Waiter<int>.Rent(queue: null, source.Token);
        WaitAwaitable<int> wait = waiter.AsAwaitable();
        Assert.True(waiter.TryClaim());
        source.Cancel();
        waiter.Complete(1);
        Assert.Equal(1, wait.GetResult());
        Assert.NotSame(waiter, Waiter<int>.Rent(queue: null));
        return Task.CompletedTask;
    });

    [Fact]
    public Task A_cancelled_node_is_used_again() => InTime(() =>
    {
        using OnAWorker _ = OnAWorker.Enter();
        using var source = new CancellationTokenSource();
        var waiter = Waiter<int>.Rent(queue: null, source.Token);
        WaitAwaitable<int> wait = waiter.AsAwaitable();
        source.Cancel();
        Assert.Throws<WaitCanceledException>(() => wait.GetResult());
        Assert.Same(waiter, Waiter<int>.Rent(queue: null));
        return Task.CompletedTask;
    });

    [Fact]
    public Task Ten_thousand_who_wait_are_gone_as_soon_as_they_are_cancelled() => InTime(async () =>
    {
        var mailbox = new Mailbox();
        using var source = new CancellationTokenSource();
        Task<int>[] waits =
            [.. Enumerable.Range(0, 10_000).Select(_ => mailbox.ReceiveAsync(Executor.ThreadPool, source.Token).AsTask())];
        source.Cancel();
        Assert.False(mailbox.HasWaiters);
        await Task.WhenAll(waits).ContinueWith(static _ => { }, TaskScheduler.Default);
        Assert.All(waits, static wait => Assert.True(wait.IsCanceled));
    });

    private sealed class WorkItemOf(Action run) : IThreadPoolWorkItem
    {
        public void Execute() => run();
    }

    private sealed class BrokenClock : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            throw new OopsException("no timers");
    }

    private sealed class CountingContext : SynchronizationContext
    {
        private int _posted;

        public int Posted => Volatile.Read(ref _posted);

        public override void Post(SendOrPostCallback d, object? state)
        {
            Interlocked.Increment(ref _posted);
            ThreadPool.QueueUserWorkItem(_ => Run(() => d(state)));
        }

        public void Run(Action action)
        {
            SynchronizationContext? before = Current;
            SetSynchronizationContext(this);
            try
            {
                action();
            }
            finally
            {
                SetSynchronizationContext(before);
            }
        }
    }
}
