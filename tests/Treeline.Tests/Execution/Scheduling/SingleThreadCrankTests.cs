namespace Treeline.Tests.Execution.Scheduling;

public sealed class SingleThreadCrankTests
{
    [Fact]
    public void Everything_runs_on_the_thread_that_turns_it_and_foreign_awaits_come_back()
    {
        using var crank = new SingleThreadCrank();
        int thread = Environment.CurrentManagedThreadId;
        var on = new List<int>();
        var opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        async Task Foreign()
        {
            on.Add(Environment.CurrentManagedThreadId);
            await Task.Run(static () => { });
            on.Add(Environment.CurrentManagedThreadId);
            await Task.Yield();
            on.Add(Environment.CurrentManagedThreadId);
            await opened.Task;
            on.Add(Environment.CurrentManagedThreadId);
        }

        Task? foreign = null;
        crank.Scheduler.Schedule(new Work(() => foreign = Foreign()));
        crank.RunUntilIdle();
        Assert.NotNull(foreign);
        ThreadPool.UnsafeQueueUserWorkItem(static opened => opened.SetResult(), opened, preferLocal: false);
        crank.RunUntil(foreign);
        Assert.True(foreign.IsCompletedSuccessfully);
        Assert.Equal([thread, thread, thread, thread], on);
    }

    [Fact]
    public void Work_scheduled_from_another_thread_wakes_it()
    {
        using var crank = new SingleThreadCrank();
        var done = new TaskCompletionSource();
        using var turning = new ManualResetEventSlim();
        crank.Scheduler.Schedule(new Work(turning.Set));
        var other = new Thread(() =>
        {
            turning.Wait();
            crank.Scheduler.ScheduleWoken(new Work(done.SetResult));
        });
        other.Start();
        crank.RunUntil(done.Task);
        other.Join();
        Assert.True(done.Task.IsCompleted);
    }

    [Fact]
    public void It_stops_turning_at_once_when_the_task_has_completed_and_the_rest_waits_for_the_next_time()
    {
        using var crank = new SingleThreadCrank();
        var done = new TaskCompletionSource();
        int ran = 0;
        crank.Scheduler.Schedule(new Work(done.SetResult));
        crank.Scheduler.Schedule(new Work(() => ran++));
        crank.RunUntil(done.Task);
        Assert.Equal(0, ran);
        crank.RunUntilIdle();
        Assert.Equal(1, ran);
    }

    [Fact]
    public void A_task_that_somebody_else_completes_ends_the_wait()
    {
        using var crank = new SingleThreadCrank();
        var done = new TaskCompletionSource();
        var other = new Thread(done.SetResult);
        other.Start();
        crank.RunUntil(done.Task);
        other.Join();
    }

    [Fact]
    public void It_cannot_be_turned_by_the_work_that_it_runs()
    {
        using var crank = new SingleThreadCrank();
        InvalidOperationException? refused = null;
        crank.Scheduler.Schedule(new Work(() => refused = Assert.Throws<InvalidOperationException>(crank.RunUntilIdle)));
        crank.RunUntilIdle();
        Assert.NotNull(refused);
    }

    [Fact]
    public void What_work_throws_reaches_who_turns_the_crank_and_the_rest_runs_later()
    {
        using var crank = new SingleThreadCrank();
        bool ran = false;
        crank.Scheduler.Schedule(new Work(static () => throw new OopsException("from work")));
        crank.Scheduler.Schedule(new Work(() => ran = true));
        Assert.Throws<OopsException>(crank.RunUntilIdle);
        Assert.Null(WorkerThread.Current.Worker);
        Assert.False(ran);
        crank.RunUntilIdle();
        Assert.True(ran);
    }

    [Fact]
    public void The_callers_synchronization_context_is_put_back()
    {
        var mine = new SynchronizationContext();
        SynchronizationContext? outer = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(mine);
        try
        {
            using var crank = new SingleThreadCrank();
            SynchronizationContext? inside = null;
            crank.Scheduler.Schedule(new Work(() => inside = SynchronizationContext.Current));
            crank.RunUntilIdle();
            Assert.IsType<SchedulerContext>(inside);
            Assert.Same(mine, SynchronizationContext.Current);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outer);
        }
    }

    [Fact]
    public void Sending_runs_at_once_on_its_thread_and_waits_elsewhere()
    {
        using var crank = new SingleThreadCrank();
        var context = new SchedulerContext(crank.Scheduler);
        int thread = Environment.CurrentManagedThreadId;
        var order = new List<int>();
        crank.Scheduler.Schedule(new Work(() =>
        {
            context.Send(_ => order.Add(1), null);
            order.Add(2);
        }));
        crank.RunUntilIdle();
        var done = new TaskCompletionSource();
        var other = new Thread(() =>
        {
            context.Send(_ => order.Add(Environment.CurrentManagedThreadId == thread ? 3 : -1), null);
            order.Add(4);
            done.SetResult();
        });
        other.Start();
        crank.RunUntil(done.Task);
        Assert.Equal([1, 2, 3, 4], order);
    }
}
