using Treeline.Futures;

namespace Treeline.Tests.Futures;

public sealed class JoinFutureTests
{
    [Fact]
    public void It_waits_for_both_and_polls_neither_again_that_has_ended()
    {
        var first = new ByHand<int>();
        var second = new ByHand<string>();
        var woken = new CountingWaker();
        IFuture<(int First, string Second)> join = Future.Join(first, second);
        Assert.True(join.PollOnce(woken.Waker).IsPending);
        second.Complete("b");
        Assert.Equal(1, woken.Count);
        Assert.True(join.PollOnce(woken.Waker).IsPending);
        Assert.Equal((0, 1), (first.Drops, second.Drops));
        first.Complete(1);
        Assert.Equal((1, "b"), join.PollOnce(woken.Waker).Value);
        Assert.Equal((3, 2), (first.Polls, second.Polls));
        FutureTests.AssertPolledAgain(() => join.PollOnce());
        ((IDisposable)join).Dispose();
        Assert.Equal((1, 1), (first.Drops, second.Drops));
    }

    [Fact]
    public void One_that_fails_ends_it_and_the_other_is_dropped()
    {
        var first = new ByHand<int>();
        var second = new ByHand<int>();
        IFuture<(int First, int Second)> join = Future.Join(first, second);
        Assert.True(join.PollOnce().IsPending);
        second.Fail(new OopsException("b"));
        Assert.Throws<OopsException>(() => join.PollOnce());
        FutureTests.AssertPolledAgain(() => join.PollOnce());
        ((IDisposable)join).Dispose();
        Assert.Equal((1, 1), (first.Drops, second.Drops));
    }

    [Fact]
    public void A_drop_that_fails_does_not_keep_the_other_from_being_dropped()
    {
        var first = new ByHand<int> { OnDrop = static () => throw new OopsException("drop") };
        var second = new ByHand<int>();
        IFuture<(int First, int Second)> join = Future.Join(first, second);
        Assert.Throws<OopsException>(() => ((IDisposable)join).Dispose());
        Assert.Equal((1, 1), (first.Drops, second.Drops));
    }
}
