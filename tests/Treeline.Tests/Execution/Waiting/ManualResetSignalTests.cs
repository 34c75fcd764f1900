namespace Treeline.Tests.Execution.Waiting;

public sealed class ManualResetSignalTests : TreeTest
{
    [Fact]
    public Task Set_before_the_wait_it_does_not_wait() => InTime(async () =>
    {
        var signal = new ManualResetSignal();
        signal.Set();
        Assert.True(signal.IsSet);
        Task wait = signal.WaitAsync().AsTask();
        Assert.True(wait.IsCompletedSuccessfully);
        await signal.Wait();
    });

    [Fact]
    public Task All_who_wait_go_on_and_those_who_come_after_a_reset_wait_again() => InTime(async () =>
    {
        var signal = new ManualResetSignal();
        Task one = signal.WaitAsync().AsTask();
        Task other = signal.WaitAsync().AsTask();
        Assert.False(one.IsCompleted || other.IsCompleted);
        signal.Set();
        await Task.WhenAll(one, other);
        signal.Reset();
        Task again = signal.WaitAsync().AsTask();
        Assert.False(again.IsCompleted);
        signal.Set();
        await again;
    });

    [Fact]
    public Task Many_go_on_in_the_order_they_came() => InTime(() =>
    {
        var signal = new ManualResetSignal();
        var order = new List<int>();
        var queued = new Queue<IThreadPoolWorkItem>();
        var executor = new ExecutorOf(queued.Enqueue);
        for (int i = 0; i < 100; i++)
        {
            int number = i;
            WaitAwaitable<Nothing> wait = signal.Wait();
            ((IWorkItemAwaiter)wait).OnCompleted(new WorkItemOf(() => order.Add(number)), executor);
        }

        signal.Set();
        Assert.Empty(order);
        while (queued.TryDequeue(out IThreadPoolWorkItem? work))
        {
            work.Execute();
        }

        Assert.Equal(Enumerable.Range(0, 100), order);
        return Task.CompletedTask;
    });

    [Fact]
    public Task Closed_meanwhile_it_fails_who_waits_and_who_comes() => InTime(async () =>
    {
        var signal = new ManualResetSignal();
        Task waiting = signal.WaitAsync().AsTask();
        signal.Fail(new OopsException("closed"));
        Assert.Equal("closed", (await Assert.ThrowsAsync<OopsException>(() => waiting)).Message);
        await Assert.ThrowsAsync<OopsException>(async () => await signal.WaitAsync());
        await Assert.ThrowsAsync<OopsException>(async () => await signal.Wait());
    });

    private sealed class WorkItemOf(Action run) : IThreadPoolWorkItem
    {
        public void Execute() => run();
    }
}
