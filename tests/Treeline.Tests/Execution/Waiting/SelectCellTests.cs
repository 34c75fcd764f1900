// Results are taken by hand here, as a fiber's state machine does.
#pragma warning disable xUnit1031

namespace Treeline.Tests.Execution.Waiting;

public sealed class SelectCellTests
{
    private readonly Mailbox _left = new("left");
    private readonly Mailbox _right = new("right");

    [Fact]
    public void The_first_branch_wins_and_the_other_loses_nothing()
    {
        Waiter<WaiterBase> cell = SelectCell.Rent(queue: null);
        Waiter<int> left = _left.Join(cell);
        Waiter<int> right = _right.Join(cell);
        WaitAwaitable<WaiterBase> wait = cell.AsAwaitable();
        Assert.False(wait.IsCompleted);
        _right.Send(2);
        _left.Send(1);
        Assert.True(wait.IsCompleted);
        Assert.Same(right, wait.GetResult());
        left.Lose();
        Assert.Equal(2, right.TakeWon());
        Assert.Equal([1], _left.Items);
        Assert.Empty(_right.Items);
        Assert.False(_left.HasWaiters || _right.HasWaiters);
    }

    [Fact]
    public void A_branch_that_is_ready_wins_while_the_others_are_put_in()
    {
        _left.Send(1);
        _right.Send(2);
        Waiter<WaiterBase> cell = SelectCell.Rent(queue: null);
        Waiter<int> left = _left.Join(cell);
        Waiter<int> right = _right.Join(cell);
        Assert.Same(left, cell.AsAwaitable().GetResult());
        Assert.Equal(1, left.TakeWon());
        right.Lose();
        Assert.Equal([2], _right.Items);
        Assert.False(_right.HasWaiters);
    }

    [Fact]
    public void Cancelled_no_branch_gets_anything()
    {
        using var source = new CancellationTokenSource();
        Waiter<WaiterBase> cell = SelectCell.Rent(queue: null, source.Token);
        Waiter<int> left = _left.Join(cell);
        WaitAwaitable<WaiterBase> wait = cell.AsAwaitable();
        source.Cancel();
        _left.Send(1);
        Assert.Throws<WaitCanceledException>(() => wait.GetResult());
        left.Lose();
        Assert.Equal([1], _left.Items);
    }

    [Fact]
    public void A_deadline_ends_the_whole_select()
    {
        var clock = new ManualTimeProvider();
        Waiter<WaiterBase> cell = SelectCell.Rent(queue: null);
        cell.LimitTo(clock, TimeSpan.FromSeconds(1));
        Waiter<int> left = _left.Join(cell);
        WaitAwaitable<WaiterBase> wait = cell.AsAwaitable();
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Throws<TimeoutException>(() => wait.GetResult());
        left.Lose();
        Assert.False(_left.HasWaiters);
    }

    [Fact]
    public void The_error_of_a_branch_is_its_result()
    {
        Waiter<WaiterBase> cell = SelectCell.Rent(queue: null);
        Waiter<int> left = _left.Join(cell);
        WaitAwaitable<WaiterBase> wait = cell.AsAwaitable();
        _left.FailOne(new OopsException("closed"));
        Assert.Same(left, wait.GetResult());
        Assert.Throws<OopsException>(() => left.TakeWon());
    }

    [Fact]
    public void A_branch_still_in_line_after_the_select_claims_nothing_of_the_next()
    {
        using OnAWorker _ = OnAWorker.Enter();
        Waiter<WaiterBase> cell = SelectCell.Rent(queue: null);
        Waiter<int> stale = _left.Join(cell);
        Waiter<int> won = _right.Join(cell);
        _right.Send(1);
        Assert.Same(won, cell.AsAwaitable().GetResult());

        Waiter<WaiterBase> next = SelectCell.Rent(queue: null);
        Assert.Same(cell, next);
        _left.Send(2);
        Assert.Equal(WaitOutcome.Pending, next.Outcome);
        Assert.Equal([2], _left.Items);
        stale.Lose();
        Assert.Equal(1, won.TakeWon());
    }
}
