using Treeline.Futures;

namespace Treeline.Tests.Futures;

/// <summary>Tasks as futures.</summary>
public sealed class TaskFutureTests : TreeTest
{
    [Fact]
    public void A_task_that_is_over_is_ready()
    {
        IFuture<int> future = ValueTask.FromResult(5).AsFuture();
        Assert.Equal(5, future.PollOnce().Value);
        FutureTests.AssertPolledAgain(() => future.PollOnce());
    }

    [Fact]
    public Task The_last_waker_is_woken_when_it_ends() => InTime(async () =>
    {
        var source = new TaskCompletionSource<int>();
        IFuture<int> future = new ValueTask<int>(source.Task).AsFuture();
        var first = new CountingWaker();
        var last = new CountingWaker();
        Assert.True(future.PollOnce(first.Waker).IsPending);
        Assert.True(future.PollOnce(last.Waker).IsPending);
        source.SetResult(5);
        await Until(() => last.Count == 1);
        Assert.Equal(0, first.Count);
        Assert.Equal(5, future.PollOnce(last.Waker).Value);
        FutureTests.AssertPolledAgain(() => future.PollOnce());
        ((IDisposable)future).Dispose();
    });

    [Fact]
    public Task There_and_back_again() => InTime(async () =>
    {
        var done = new ManualResetSignal();
        IFuture<ValueTuple> future = done.WaitAsync().AsFuture();
        ValueTask<ValueTuple> task = future.AsValueTask();
        done.Set();
        await task;

        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        ValueTask<int> twice = receiver.ReceiveAsync().AsFuture().Map(static i => 2 * i).AsValueTask();
        await sender.SendAsync(21);
        Assert.Equal(42, await twice);
    });

    [Fact]
    public Task An_error_is_that_of_the_task() => InTime(async () =>
    {
        Assert.Throws<OopsException>(() => ValueTask.FromException<int>(new OopsException("a")).AsFuture().PollOnce());
        var source = new TaskCompletionSource<int>();
        ValueTask<int> task = new ValueTask<int>(source.Task).AsFuture().AsValueTask();
        source.SetException(new OopsException("b"));
        Assert.Equal("b", (await Assert.ThrowsAsync<OopsException>(async () => await task)).Message);
    });

    [Fact]
    public Task Dropped_it_wakes_nobody_and_the_task_goes_on() => InTime(async () =>
    {
        var source = new TaskCompletionSource<int>();
        IFuture<int> future = new ValueTask<int>(source.Task).AsFuture();
        var woken = new CountingWaker();
        Assert.True(future.PollOnce(woken.Waker).IsPending);
        ((IDisposable)future).Dispose();
        source.SetResult(5);
        Assert.Equal(5, await source.Task);
        Assert.Equal(0, woken.Count);
    });

    [Fact]
    public Task A_task_of_a_pool_is_used_up_also_when_its_future_is_dropped() => InTime(async () =>
    {
        var signal = new ManualResetSignal();
        IFuture<ValueTuple> unpolled = signal.WaitAsync().AsFuture();
        IFuture<ValueTuple> polled = signal.WaitAsync().AsFuture();
        IFuture<ValueTuple> over = signal.WaitAsync().AsFuture();
        var woken = new CountingWaker();
        Assert.True(polled.PollOnce(woken.Waker).IsPending);
        Assert.True(over.PollOnce(woken.Waker).IsPending);
        ((IDisposable)unpolled).Dispose();
        ((IDisposable)polled).Dispose();
        signal.Set();
        await Until(() => woken.Count == 1);
        ((IDisposable)over).Dispose();
        Assert.Equal(1, woken.Count);
    });

    [Fact]
    public Task Ended_and_polled_at_once_no_end_is_missed() => InTime(async () =>
    {
        for (int round = 0; round < 5_000; round++)
        {
            var source = new TaskCompletionSource<int>();
            Task ending = Task.Run(() => source.SetResult(round));
            Assert.Equal(round, await new ValueTask<int>(source.Task).AsFuture());
            await ending;
        }
    });
}
