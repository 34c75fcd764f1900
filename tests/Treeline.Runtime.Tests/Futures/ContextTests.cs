using Treeline.Futures;

namespace Treeline.Tests.Futures;

/// <summary>Who is pending and has not asked for the waker is told so, by name.</summary>
public sealed class ContextTests : TreeTest
{
    [Fact]
    public Task Whoever_awaits_is_told_of_a_waker_that_was_not_kept() => InTime(async () =>
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(async () => await new Forgetful());
        Assert.Contains("'the forgetful one' returned pending without having kept the waker", error.Message, StringComparison.Ordinal);
    });

    [Fact]
    public Task Also_when_it_forgets_only_later() => InTime(async () =>
    {
        int polls = 0;
        Task<int> running = Future.FromPoll((ref Context context) =>
        {
            if (polls++ == 0)
            {
                context.Waker.Wake();
            }

            return Poll<int>.Pending;
        }).AsValueTask().AsTask();
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => running);
        Assert.Contains("FromPoll", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, polls);
    });

    [Fact]
    public void Whoever_blocks_is_told() =>
        Assert.Contains("the forgetful one", Assert.Throws<InvalidOperationException>(() => new Forgetful().BlockOn()).Message, StringComparison.Ordinal);

    [Fact]
    public void One_that_remembers_does_not_hide_one_that_forgets()
    {
        Assert.Contains(
            "'the forgetful one'",
            Assert.Throws<InvalidOperationException>(() => Future.Join(new ByHand<int>(), new Forgetful()).BlockOn()).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "'the forgetful one'",
            Assert.Throws<InvalidOperationException>(() => Future.Join(new Forgetful(), new ByHand<int>()).BlockOn()).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "'the forgetful one'",
            Assert.Throws<InvalidOperationException>(() => Future.Select(new ByHand<int>(), new Forgetful()).BlockOn()).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "'the forgetful one'",
            Assert.Throws<InvalidOperationException>(() => Future.JoinAll([new ByHand<int>(), new Forgetful()]).BlockOn()).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_chain_is_named_by_what_it_consists_of() => Assert.Contains(
        "'the forgetful one.Map.Fuse'",
        Assert.Throws<InvalidOperationException>(() => new Forgetful().Map(static i => i + 1).Fuse().BlockOn()).Message,
        StringComparison.Ordinal);

    [Fact]
    public void To_ask_and_let_go_is_to_wait_for_ever()
    {
        var never = Future.Pending<int>();
        Assert.True(Polling.PollOnce<Future<PendingFuture<int>, int>, int>(ref never, Waker.Noop).IsPending);
        Assert.True(Future.Join(Future.Pending<int>(), Future.Pending<int>()).PollOnce().IsPending);
    }

    private sealed class Forgetful : IFuture<int>
    {
        public Poll<int> Poll(ref Context context) => Poll<int>.Pending;

        public override string ToString() => "the forgetful one";
    }
}
