// Results are taken by hand here, as a fiber's state machine does.
#pragma warning disable xUnit1031

namespace Treeline.Tests.Execution.Waiting;

public sealed class BudgetTests
{
    [Fact]
    public void It_is_used_up_unit_by_unit()
    {
        using OnAWorker _ = OnAWorker.Enter();
        WorkerThread.Current.Budget = 2;
        Assert.True(Budget.TryConsume());
        Assert.True(Budget.TryConsume());
        Assert.False(Budget.TryConsume());
        Assert.False(Budget.TryConsume());
        Assert.Equal(0, WorkerThread.Current.Budget);
    }

    [Fact]
    public void A_foreign_thread_has_none_and_needs_none()
    {
        using var _ = new OnAWorker(null!);
        WorkerThread.Current.Budget = 0;
        Assert.True(Budget.TryConsume());
    }

    [Fact]
    public void A_wait_that_is_always_ready_gives_way_when_the_budget_is_used_up()
    {
        using OnAWorker _ = OnAWorker.Enter();
        var signal = new ManualResetSignal();
        signal.Set();
        WorkerThread.Current.Budget = 128;
        int ready = 0;
        while (signal.Wait().IsCompleted)
        {
            ready++;
        }

        Assert.Equal(128, ready);
        var box = new Box();
        WaitAwaitable<Nothing> wait = signal.Wait();
        Assert.False(wait.IsCompleted);
        box.Await(wait);
        Assert.Equal((0, 1), (box.Woken, box.Yielded));
        wait.GetResult();
    }

    [Fact]
    public void A_waiter_that_was_signalled_gives_way_too()
    {
        using OnAWorker _ = OnAWorker.Enter();
        var signal = new ManualResetSignal();
        WaitAwaitable<Nothing> wait = signal.Wait();
        signal.Set();
        WorkerThread.Current.Budget = 0;
        Assert.False(wait.IsCompleted);
        var box = new Box();
        box.Await(wait);
        Assert.Equal((0, 1), (box.Woken, box.Yielded));
        wait.GetResult();
    }

    [Fact]
    public void An_awaiter_without_a_box_gives_way_too()
    {
        using OnAWorker _ = OnAWorker.Enter();
        using var continued = new ManualResetEventSlim();
        var signal = new ManualResetSignal();
        signal.Set();
        WorkerThread.Current.Budget = 0;
        WaitAwaitable<Nothing> wait = signal.Wait();
        Assert.False(wait.IsCompleted);
        int thread = Environment.CurrentManagedThreadId;
        bool elsewhere = false;
        wait.UnsafeOnCompleted(() =>
        {
            elsewhere = Environment.CurrentManagedThreadId != thread;
            continued.Set();
        });
        Assert.True(continued.Wait(TimeSpan.FromSeconds(30)));
        Assert.True(elsewhere);
    }
}
