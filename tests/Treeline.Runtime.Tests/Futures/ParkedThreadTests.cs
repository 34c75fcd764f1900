// Blocking is what is tested.
#pragma warning disable xUnit1031

using Treeline.Futures;

namespace Treeline.Tests.Futures;

/// <summary>Blocking on a future.</summary>
public sealed class ParkedThreadTests : TreeTest
{
    [Fact]
    public Task It_blocks_until_the_future_ends_and_polls_on_the_same_thread() => InTime(() => OnAThread(() =>
    {
        int home = Environment.CurrentManagedThreadId;
        var threads = new List<int>();
        var future = new ByHand<int> { OnPoll = _ => threads.Add(Environment.CurrentManagedThreadId) };
        var completer = new Thread(() =>
        {
            SpinWait.SpinUntil(() => future.Polls == 1);
            future.Waker.Wake();
            SpinWait.SpinUntil(() => future.Polls == 2);
            future.Complete(5);
        });
        completer.Start();
        Assert.Equal(5, future.BlockOn());
        completer.Join();
        Assert.Equal([home, home, home], threads);
        Assert.Equal(1, future.Drops);
    }));

    [Fact]
    public Task A_wake_up_within_the_poll_is_not_lost() => InTime(() => OnAThread(() => Assert.Equal("lift-off", new Countdown(1_000).BlockOn())));

    [Fact]
    public Task An_error_is_thrown_and_the_future_dropped() => InTime(() => OnAThread(() =>
    {
        var future = new ByHand<int>();
        future.Fail(new OopsException("a"));
        Assert.Throws<OopsException>(() => future.BlockOn());
        Assert.Equal(1, future.Drops);
    }));

    [Fact]
    public Task Cancelled_it_drops_the_future() => InTime(() => OnAThread(() =>
    {
        using var source = new CancellationTokenSource();
        var future = new ByHand<int>();
        var canceller = new Thread(() =>
        {
            SpinWait.SpinUntil(() => future.Polls == 1);
            source.Cancel();
        });
        canceller.Start();
        Assert.Equal(source.Token, Assert.Throws<OperationCanceledException>(() => future.BlockOn(source.Token)).CancellationToken);
        canceller.Join();
        Assert.Equal((1, 1), (future.Polls, future.Drops));

        var unpolled = new ByHand<int>();
        Assert.Throws<OperationCanceledException>(() => unpolled.BlockOn(source.Token));
        Assert.Equal((0, 1), (unpolled.Polls, unpolled.Drops));
    }));

    [Fact]
    public Task Blocking_a_worker_is_an_error_that_says_what_to_do() => InTime(async () =>
    {
        var future = new ByHand<int>("the thing");
        await TaskScope.RunAsync(async scope =>
        {
            await scope.Spawn(async _ =>
            {
                var error = Assert.Throws<InvalidOperationException>(() => future.BlockOn());
                Assert.Contains("'the thing'", error.Message, StringComparison.Ordinal);
                Assert.Contains("SpawnBlocking", error.Message, StringComparison.Ordinal);
            });
            Assert.Equal((0, 1), (future.Polls, future.Drops));
            Assert.Equal("lift-off", await scope.SpawnBlocking(static _ => new Countdown(3).BlockOn()));
        });
    });

    [Fact]
    public Task One_may_block_within_a_poll_of_another() => InTime(() => OnAThread(() => Assert.Equal(
        "lift-off",
        new Countdown(2).Map(static _ => new Countdown(2).BlockOn()).BlockOn())));

    [Fact]
    public Task Twenty_threads_hand_a_turn_around() => InTime(async () =>
    {
        const int Threads = 20;
        const int Turns = 100;
        ByHand<int>[] turns = [.. Enumerable.Range(0, (Threads * Turns) + 1).Select(static _ => new ByHand<int>())];
        Task[] running = [.. Enumerable.Range(0, Threads).Select(thread => OnAThread(() =>
        {
            for (int turn = thread; turn < Threads * Turns; turn += Threads)
            {
                Assert.Equal(turn, turns[turn].BlockOn());
                turns[turn + 1].Complete(turn + 1);
            }
        }))];
        turns[0].Complete(0);
        await Task.WhenAll(running);
    });

    private static Task OnAThread(Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
