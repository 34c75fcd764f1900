using Treeline.Futures;

namespace Treeline.Tests.Futures;

public sealed class MapFutureTests
{
    [Fact]
    public void It_makes_something_of_the_result_once()
    {
        var inner = new ByHand<int>();
        int calls = 0;
        IFuture<string> map = inner.Map(i =>
        {
            calls++;
            return $"<{i}>";
        });
        Assert.True(map.PollOnce().IsPending);
        Assert.Equal(0, calls);
        inner.Complete(5);
        Assert.Equal("<5>", map.PollOnce().Value);
        FutureTests.AssertPolledAgain(() => map.PollOnce());
        Assert.Equal((1, 2), (calls, inner.Polls));
    }

    [Fact]
    public void The_waker_is_that_of_whoever_polls()
    {
        var inner = new ByHand<int>();
        var woken = new CountingWaker();
        inner.Map(static i => i).PollOnce(woken.Waker);
        inner.Complete(1);
        Assert.Equal(1, woken.Count);
    }

    [Fact]
    public void What_either_throws_ends_it()
    {
        var inner = new ByHand<int>();
        inner.Fail(new OopsException("inner"));
        IFuture<int> map = inner.Map(static i => i);
        Assert.Equal("inner", Assert.Throws<OopsException>(() => map.PollOnce()).Message);
        FutureTests.AssertPolledAgain(() => map.PollOnce());

        IFuture<int> mapped = Future.Ready(1).Map<int>(static _ => throw new OopsException("selector"));
        Assert.Equal("selector", Assert.Throws<OopsException>(() => mapped.PollOnce()).Message);
        FutureTests.AssertPolledAgain(() => mapped.PollOnce());
    }

    [Fact]
    public void It_drops_what_it_maps()
    {
        var inner = new ByHand<int>();
        IFuture<int> map = inner.Map(static i => i);
        map.PollOnce();
        Assert.Equal(0, inner.Drops);
        ((IDisposable)map).Dispose();
        Assert.Equal(1, inner.Drops);
    }

    [Fact]
    public void It_is_called_after_what_it_maps() =>
        Assert.Equal("socket.Map.Map", new ByHand<int>("socket").Map(static i => i).Map(static i => i).ToString());
}
