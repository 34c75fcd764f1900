namespace Treeline.Tests.Execution.Waiting;

public sealed class WaiterListOfTTests
{
    private readonly Waiter<int>[] _waiters = [.. Enumerable.Range(0, 4).Select(static _ => Waiter<int>.Rent(queue: null))];
    private WaiterList<int> _list;

    public WaiterListOfTTests()
    {
        foreach (Waiter<int> waiter in _waiters)
        {
            _list.Add(waiter);
        }
    }

    [Fact]
    public void First_come_first_out()
    {
        Assert.Equal([0, 1, 2, 3], Drain());
        Assert.True(_list.IsEmpty);
    }

    [Theory]
    [InlineData(0, new[] { 1, 2, 3 })]
    [InlineData(2, new[] { 0, 1, 3 })]
    [InlineData(3, new[] { 0, 1, 2 })]
    public void One_can_leave_from_anywhere(int leaving, int[] left)
    {
        _list.Remove(_waiters[leaving]);
        Assert.Equal(left, Drain());
    }

    [Fact]
    public void Leaving_twice_or_after_being_taken_out_does_nothing()
    {
        Assert.True(_list.TryPop(out Waiter<int>? first));
        _list.Remove(first);
        _list.Remove(_waiters[2]);
        _list.Remove(_waiters[2]);
        Assert.Equal([1, 3], Drain());
    }

    [Fact]
    public void The_last_one_leaves_it_empty_and_it_can_be_used_again()
    {
        foreach (Waiter<int> waiter in _waiters)
        {
            _list.Remove(waiter);
        }

        Assert.True(_list.IsEmpty);
        Assert.False(_list.TryPop(out _));
        _list.Add(_waiters[3]);
        _list.Add(_waiters[0]);
        Assert.Equal([3, 0], Drain());
    }

    [Fact]
    public void Who_gave_up_is_skipped()
    {
        using var source = new CancellationTokenSource();
        var list = default(WaiterList<int>);
        var gaveUp = Waiter<int>.Rent(queue: null, source.Token);
        list.Add(gaveUp);
        list.Add(_waiters[0] = Waiter<int>.Rent(queue: null));
        _ = gaveUp.AsAwaitable();
        source.Cancel();
        Assert.True(list.TryPopClaimed(out Waiter<int>? claimed));
        Assert.Same(_waiters[0], claimed);
        Assert.False(list.TryPopClaimed(out _));
    }

    private List<int> Drain()
    {
        var order = new List<int>();
        while (_list.TryPop(out Waiter<int>? waiter))
        {
            order.Add(Array.IndexOf(_waiters, waiter));
        }

        return order;
    }
}
