using Treeline.Futures;

namespace Treeline.Tests.Futures;

public sealed class JoinAllFutureTests : TreeTest
{
    [Fact]
    public void None_is_over_at_once() => Assert.Empty(Future.JoinAll<int>([]).PollOnce().Value);

    [Fact]
    public void Results_come_in_the_order_of_the_futures_and_only_the_woken_are_polled()
    {
        ByHand<int>[] each = [new(), new(), new()];
        var woken = new CountingWaker();
        IFuture<int[]> all = Future.JoinAll(each);
        Assert.True(all.PollOnce(woken.Waker).IsPending);
        each[2].Complete(2);
        Assert.Equal(1, woken.Count);
        Assert.True(all.PollOnce(woken.Waker).IsPending);
        each[0].Complete(0);
        each[1].Complete(1);
        Assert.Equal([0, 1, 2], all.PollOnce(woken.Waker).Value);
        Assert.All(each, static future => Assert.Equal((2, 1), (future.Polls, future.Drops)));
        FutureTests.AssertPolledAgain(() => all.PollOnce());
    }

    [Fact]
    public void One_that_fails_ends_it_and_the_others_are_dropped()
    {
        ByHand<int>[] each = [new(), new(), new()];
        IFuture<int[]> all = Future.JoinAll(each);
        Assert.True(all.PollOnce().IsPending);
        each[1].Fail(new OopsException("b"));
        Assert.Throws<OopsException>(() => all.PollOnce());
        ((IDisposable)all).Dispose();
        Assert.All(each, static future => Assert.Equal(1, future.Drops));
    }

    [Fact]
    public Task Ten_thousand_that_give_way() => InTime(async () =>
    {
        string[] all = await Future.JoinAll(Enumerable.Range(0, 10_000).Select(static i => (IFuture<string>)new Countdown(i % 4)));
        Assert.Equal(10_000, all.Count(static text => text == "lift-off"));
    });
}
