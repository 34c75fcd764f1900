// Waits are started here and awaited later, or refused.
#pragma warning disable CA2012

using System.Threading.Channels;

namespace Treeline.Tests.Channels;

public sealed class WatchTests : TreeTest
{
    [Fact]
    public Task The_latest_value_is_there_for_all_and_a_change_is_told_once() => InTime(async () =>
    {
        WatchSender<string> sender = Watch.Create("a");
        using WatchReceiver<string> receiver = sender.Subscribe();
        Assert.Equal("a", receiver.Value);
        Assert.False(receiver.HasChanged);
        Task<string> change = receiver.ChangedAsync().AsTask();
        Assert.False(change.IsCompleted);
        sender.Send("b");
        Assert.Equal("b", await change);
        Assert.Equal("b", sender.Value);
        Assert.False(receiver.HasChanged);
    });

    [Fact]
    public Task What_came_between_is_skipped_and_the_last_is_never_missed() => InTime(async () =>
    {
        WatchSender<int> sender = Watch.Create(0);
        using WatchReceiver<int> receiver = sender.Subscribe();
        for (int i = 1; i <= 10; i++)
        {
            sender.Send(i);
        }

        Assert.True(receiver.HasChanged);
        Assert.Equal(10, receiver.Value);
        Assert.True(receiver.HasChanged);
        Assert.Equal(10, await receiver.ChangedAsync());
        sender.Send(11);
        sender.Dispose();
        Assert.Equal(11, await receiver.ChangedAsync());
        await Assert.ThrowsAsync<ChannelClosedException>(async () => await receiver.ChangedAsync());
        Assert.Equal(11, receiver.Value);
        Assert.Throws<ChannelClosedException>(() => sender.Send(12));
    });

    [Fact]
    public Task All_who_wait_are_told() => InTime(async () =>
    {
        WatchSender<int> sender = Watch.Create(0);
        WatchReceiver<int>[] receivers = [.. Enumerable.Range(0, 100).Select(_ => sender.Subscribe())];
        Task<int>[] changes = [.. receivers.Select(static receiver => receiver.ChangedAsync().AsTask())];
        Assert.Equal(100, sender.ReceiverCount);
        sender.Send(1);
        Assert.All(await Task.WhenAll(changes), static value => Assert.Equal(1, value));
        Array.ForEach(receivers, static receiver => receiver.Dispose());
        Assert.Equal(0, sender.ReceiverCount);
    });

    [Fact]
    public Task A_cancelled_wait_leaves_the_change_to_come() => InTime(async () =>
    {
        WatchSender<int> sender = Watch.Create(0);
        using WatchReceiver<int> receiver = sender.Subscribe();
        using var source = new CancellationTokenSource();
        Task<int> cancelled = receiver.ChangedAsync(source.Token).AsTask();
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        sender.Send(1);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await receiver.ChangedAsync(source.Token));
        Assert.Equal(1, await receiver.ChangedAsync());
    });

    [Fact]
    public Task Completed_it_ends_for_those_who_wait() => InTime(async () =>
    {
        WatchSender<int> sender = Watch.Create(0);
        using WatchReceiver<int> receiver = sender.Subscribe();
        Task<int> change = receiver.ChangedAsync().AsTask();
        sender.Complete(new OopsException("oops"));
        Assert.IsType<OopsException>((await Assert.ThrowsAsync<ChannelClosedException>(() => change)).InnerException);
        await Assert.ThrowsAsync<OopsException>(async () => await receiver.GetAsyncEnumerator().MoveNextAsync());
    });

    [Fact]
    public Task A_disposed_receiver_ends_for_those_who_wait_with_it() => InTime(async () =>
    {
        WatchSender<int> sender = Watch.Create(0);
        WatchReceiver<int> receiver = sender.Subscribe();
        Task<int> change = receiver.ChangedAsync().AsTask();
        receiver.Dispose();
        await Assert.ThrowsAsync<ChannelClosedException>(() => change);
        Assert.Throws<ObjectDisposedException>(() => { _ = receiver.ChangedAsync(); });
    });

    [Fact]
    public Task Changes_are_a_stream_that_ends_with_the_last() => InTime(async () =>
    {
        WatchSender<int> sender = Watch.Create(0);
        using WatchReceiver<int> receiver = sender.Subscribe();
        var seen = new List<int>();
        await TaskScope.RunAsync(async scope =>
        {
            scope.Spawn(async _ =>
            {
                for (int i = 1; i <= 1_000; i++)
                {
                    sender.Send(i);
                    if (i % 7 == 0)
                    {
                        await Fiber.Yield();
                    }
                }

                sender.Dispose();
            });
            await foreach (int value in receiver)
            {
                seen.Add(value);
            }
        });
        Assert.Equal(1_000, seen[^1]);
        Assert.Equal(seen.Order().Distinct(), seen);
    });
}
