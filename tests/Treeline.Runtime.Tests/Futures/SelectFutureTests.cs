using Treeline.Futures;

namespace Treeline.Tests.Futures;

public sealed class SelectFutureTests
{
    [Fact]
    public void The_first_that_ends_is_the_result_and_the_other_is_dropped()
    {
        var first = new ByHand<int>();
        var second = new ByHand<int>();
        var woken = new CountingWaker();
        IFuture<(int Index, int Value)> select = Future.Select(first, second);
        Assert.True(select.PollOnce(woken.Waker).IsPending);
        Assert.Equal((1, 1), (first.Polls, second.Polls));
        second.Complete(5);
        Assert.Equal(1, woken.Count);
        Assert.Equal((1, 5), select.PollOnce(woken.Waker).Value);
        FutureTests.AssertPolledAgain(() => select.PollOnce());
        ((IDisposable)select).Dispose();
        Assert.Equal((1, 1), (first.Drops, second.Drops));
    }

    [Fact]
    public void If_both_can_end_chance_decides()
    {
        int[] wins = new int[2];
        for (int i = 0; i < 1_000; i++)
        {
            wins[Future.Select(Future.Ready(0), Future.Ready(1)).PollOnce().Value.Index]++;
        }

        // 500 each; that chance gives fewer than 350 happens once in 10^21.
        Assert.True(wins[0] > 350 && wins[1] > 350, $"{wins[0]} : {wins[1]}");
    }

    [Fact]
    public void One_that_fails_ends_it()
    {
        var first = new ByHand<int>();
        var second = new ByHand<int>();
        first.Fail(new OopsException("a"));
        IFuture<(int Index, int Value)> select = Future.Select(first, second);
        Assert.Throws<OopsException>(() => select.PollOnce());
        FutureTests.AssertPolledAgain(() => select.PollOnce());
        ((IDisposable)select).Dispose();
        Assert.Equal((1, 1), (first.Drops, second.Drops));
    }
}
