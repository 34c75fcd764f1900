using Treeline.Futures;

namespace Treeline.Tests.Futures;

public sealed class ThenFutureTests
{
    [Fact]
    public void The_second_begins_when_the_first_has_ended_and_in_the_same_poll()
    {
        var first = new ByHand<int>();
        var second = new ByHand<string>();
        int given = 0;
        IFuture<string> then = first.Then(i =>
        {
            given = i;
            return second;
        });
        Assert.True(then.PollOnce().IsPending);
        Assert.Equal(0, second.Polls);
        first.Complete(5);
        Assert.True(then.PollOnce().IsPending);
        Assert.Equal((5, 1, 1), (given, second.Polls, first.Drops));
        second.Complete("done");
        Assert.Equal("done", then.PollOnce().Value);
        Assert.Equal((2, 2), (first.Polls, second.Polls));
        FutureTests.AssertPolledAgain(() => then.PollOnce());
        ((IDisposable)then).Dispose();
        Assert.Equal((1, 1), (first.Drops, second.Drops));
    }

    [Fact]
    public void Dropped_it_drops_what_it_is_at()
    {
        var first = new ByHand<int>();
        var second = new ByHand<int>();
        IFuture<int> atFirst = first.Then(_ => second);
        atFirst.PollOnce();
        ((IDisposable)atFirst).Dispose();
        Assert.Equal((1, 0), (first.Drops, second.Drops));

        var over = new ByHand<int>();
        over.Complete(1);
        IFuture<int> atSecond = over.Then(_ => second);
        atSecond.PollOnce();
        ((IDisposable)atSecond).Dispose();
        Assert.Equal((1, 1), (over.Drops, second.Drops));
    }

    [Fact]
    public void What_any_part_throws_ends_it_and_the_rest_is_dropped_once()
    {
        var first = new ByHand<int>();
        first.Fail(new OopsException("first"));
        AssertEnds(first.Then(static _ => Future.Ready(1)), "first");
        Assert.Equal(1, first.Drops);

        var over = new ByHand<int>();
        over.Complete(1);
        AssertEnds(over.Then<int, int>(static _ => throw new OopsException("between")), "between");
        Assert.Equal(1, over.Drops);

        var second = new ByHand<int>();
        second.Fail(new OopsException("second"));
        AssertEnds(Future.Ready(1).Then(_ => second), "second");
        Assert.Equal(1, second.Drops);

        static void AssertEnds(IFuture<int> then, string message)
        {
            Assert.Equal(message, Assert.Throws<OopsException>(() => then.PollOnce()).Message);
            FutureTests.AssertPolledAgain(() => then.PollOnce());
            ((IDisposable)then).Dispose();
        }
    }

    [Fact]
    public void To_go_on_with_null_is_an_error_that_says_so() => Assert.Contains(
        "returned null",
        Assert.Throws<InvalidOperationException>(() => Future.Ready(1).Then(static _ => (IFuture<int>)null!).PollOnce()).Message,
        StringComparison.Ordinal);
}
