using Treeline.Futures;

namespace Treeline.Tests.Futures;

/// <summary>The futures that are made of nothing, and the shapes of calls.</summary>
public sealed class FutureTests : TreeTest
{
    [Fact]
    public Task Ready_is_ready() => InTime(async () => Assert.Equal(5, await Future.Ready(5)));

    [Fact]
    public void Ready_gives_its_value_once()
    {
        var ready = Future.Ready(5);
        Assert.Equal(5, Poll(ref ready).Value);
        AssertPolledAgain(() => Poll(ref ready));

        static Poll<int> Poll(ref Future<ReadyFuture<int>, int> future) => Polling.PollOnce<Future<ReadyFuture<int>, int>, int>(ref future, Waker.Noop);
    }

    [Fact]
    public void Yield_wakes_and_is_pending_once()
    {
        IFuture<ValueTuple> yield = Future.YieldOnce();
        var woken = new CountingWaker();
        Assert.True(yield.PollOnce(woken.Waker).IsPending);
        Assert.Equal(1, woken.Count);
        Assert.True(yield.PollOnce(woken.Waker).IsReady);
        Assert.Equal(1, woken.Count);
        AssertPolledAgain(() => yield.PollOnce());
    }

    [Fact]
    public Task Yield_lets_others_run() => InTime(async () =>
    {
        using var crank = new DedicatedThread();
        var events = new Events();
        await TaskScope.RunAsync(
            async scope =>
            {
                scope.Spawn(async _ =>
                {
                    scope.Spawn(async _ => events.Expect(2));
                    events.Expect(1);
                    await Future.YieldOnce();
                    events.Finish(3);
                });
            },
            new ScopeOptions { Executor = crank });
        events.Verify();
    });

    [Fact]
    public void Pending_never_ends_and_may_be_dropped()
    {
        IFuture<int> pending = Future.Pending<int>();
        Assert.True(pending.PollOnce().IsPending);
        Assert.True(pending.PollOnce().IsPending);
        ((IDisposable)pending).Dispose();
    }

    [Fact]
    public Task A_function_is_polled_until_it_gives_a_result() => InTime(async () =>
    {
        int polls = 0;
        Assert.Equal(3, await Future.FromPoll((ref Context context) =>
        {
            context.Waker.Wake();
            return ++polls == 3 ? polls : Poll<int>.Pending;
        }));
        Assert.Equal(3, polls);
    });

    [Fact]
    public void A_function_that_gave_a_result_or_threw_is_not_called_again()
    {
        IFuture<int> future = Future.FromPoll(static (ref Context _) => Poll<int>.Ready(1));
        Assert.True(future.PollOnce().IsReady);
        AssertPolledAgain(() => future.PollOnce());
        IFuture<int> failing = Future.FromPoll<int>(static (ref Context _) => throw new OopsException("a"));
        Assert.Throws<OopsException>(() => failing.PollOnce());
        AssertPolledAgain(() => failing.PollOnce());
    }

    [Fact]
    public Task A_struct_of_ones_own_has_the_operators_and_can_be_awaited() => InTime(async () =>
    {
        Assert.Equal("lift-off", await new Countdown(3));
        Assert.Equal(8, await new Countdown(3).Map(static text => text.Length));
        Assert.Equal(8, await new Future<Countdown, string>(new Countdown(3)).Map(static text => text.Length));
    });

    [Fact]
    public Task A_chain_of_everything() => InTime(async () =>
    {
        (int index, (int sum, string text) value) = await Future.Select(
            Future.Pending<(int, string)>(),
            Future.Join(
                Future.Ready(1).Then(static one => Future.YieldOnce().Map(_ => one + 1)),
                Future.YieldOnce().Then(static _ => new Countdown(2)).Fuse()));
        Assert.Equal((1, 2, "lift-off"), (index, value.sum, value.text));
    });

    [Fact]
    public Task A_future_is_a_child_by_way_of_its_task() => InTime(async () =>
    {
        var future = new ByHand<int>();
        int result = await TaskScope.RunAsync(async scope =>
        {
            ChildTask<int> child = scope.Spawn(async ct => await future.AsValueTask(ct));
            await Until(() => future.Polls > 0);
            future.Complete(7);
            return await child;
        });
        Assert.Equal(7, result);
    });

    [Fact]
    public void Null_is_no_future()
    {
        Assert.Throws<ArgumentNullException>(() => Future.FromPoll<int>(null!));
        Assert.Throws<ArgumentNullException>(() => ((IFuture<int>)null!).Map(static i => i));
        Assert.Throws<ArgumentNullException>(() => Future.JoinAll<int>(null!));
        Assert.Throws<ArgumentNullException>(() => Future.Ready(1).Map<int>(null!));
        Assert.Throws<ArgumentNullException>(() => new Future<IFuture<int>, int>(null!));
    }

    internal static void AssertPolledAgain(Action poll) =>
        Assert.Contains("was polled after it had ended", Assert.Throws<InvalidOperationException>(poll).Message, StringComparison.Ordinal);
}
