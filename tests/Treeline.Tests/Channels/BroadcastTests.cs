// Waits are started here and awaited later, or refused.
#pragma warning disable CA2012

using System.Threading.Channels;

namespace Treeline.Tests.Channels;

public sealed class BroadcastTests : TreeTest
{
    [Fact]
    public Task Every_receiver_sees_what_is_sent_after_it_came() => InTime(async () =>
    {
        BroadcastSender<int> sender = Broadcast.Create<int>(4);
        Assert.Equal(0, sender.Send(0));
        using BroadcastReceiver<int> one = sender.Subscribe();
        Assert.Equal(1, sender.Send(1));
        using BroadcastReceiver<int> other = sender.Subscribe();
        Assert.Equal(2, sender.Send(2));
        Assert.Equal(2, sender.ReceiverCount);
        Assert.Equal(1, await one.ReceiveAsync());
        Assert.Equal(2, await one.ReceiveAsync());
        Assert.Equal(2, await other.ReceiveAsync());
        Assert.False(one.TryReceive(out _));
    });

    [Fact]
    public Task All_who_wait_get_the_item() => InTime(async () =>
    {
        BroadcastSender<int> sender = Broadcast.Create<int>(4);
        BroadcastReceiver<int>[] receivers = [.. Enumerable.Range(0, 100).Select(_ => sender.Subscribe())];
        Task<int>[] receives = [.. receivers.Select(static receiver => receiver.ReceiveAsync().AsTask())];
        sender.Send(1);
        Assert.All(await Task.WhenAll(receives), static item => Assert.Equal(1, item));
        Array.ForEach(receivers, static receiver => receiver.Dispose());
        Assert.Equal(0, sender.Send(2));
    });

    [Fact]
    public Task Of_several_who_wait_with_one_receiver_each_gets_the_next_item() => InTime(async () =>
    {
        BroadcastSender<int> sender = Broadcast.Create<int>(4);
        using BroadcastReceiver<int> receiver = sender.Subscribe();
        Task<int>[] receives = [.. Enumerable.Range(0, 10).Select(_ => receiver.ReceiveAsync().AsTask())];
        for (int i = 0; i < 10; i++)
        {
            sender.Send(i);
        }

        Assert.Equal(Enumerable.Range(0, 10), await Task.WhenAll(receives));
    });

    [Fact]
    public Task Who_is_too_slow_learns_how_many_it_missed_and_goes_on() => InTime(async () =>
    {
        BroadcastSender<int> sender = Broadcast.Create<int>(2, "prices");
        using BroadcastReceiver<int> receiver = sender.Subscribe();
        for (int i = 0; i < 5; i++)
        {
            sender.Send(i);
        }

        LaggedException lagged = await Assert.ThrowsAsync<LaggedException>(async () => await receiver.ReceiveAsync());
        Assert.Equal(3, lagged.Missed);
        Assert.StartsWith("A receiver of broadcast 'prices' was too slow and missed 3 items.", lagged.Message, StringComparison.Ordinal);
        Assert.Equal(3, await receiver.ReceiveAsync());
        for (int i = 5; i < 8; i++)
        {
            sender.Send(i);
        }

        lagged = Assert.Throws<LaggedException>(() => receiver.TryReceive(out _));
        Assert.Equal(2, lagged.Missed);
        Assert.Equal(6, await receiver.ReceiveAsync());
        Assert.True(receiver.TryReceive(out int item));
        Assert.Equal(7, item);
    });

    [Fact]
    public Task Completed_it_gives_what_is_left_and_then_ends() => InTime(async () =>
    {
        BroadcastSender<int> sender = Broadcast.Create<int>(2);
        using BroadcastReceiver<int> receiver = sender.Subscribe();
        sender.Send(1);
        Assert.True(sender.Complete(new OopsException("oops")));
        Assert.False(sender.Complete());
        Assert.Throws<ChannelClosedException>(() => sender.Send(2));
        Assert.Equal(1, await receiver.ReceiveAsync());
        ChannelClosedException error =
            await Assert.ThrowsAsync<ChannelClosedException>(async () => await receiver.ReceiveAsync());
        Assert.IsType<OopsException>(error.InnerException);
        await Assert.ThrowsAsync<OopsException>(async () =>
        {
            await foreach (int _ in receiver)
            {
            }
        });
    });

    [Fact]
    public Task Completed_it_ends_for_those_who_wait() => InTime(async () =>
    {
        BroadcastSender<int> sender = Broadcast.Create<int>(2);
        using BroadcastReceiver<int> receiver = sender.Subscribe();
        Task<int> receive = receiver.ReceiveAsync().AsTask();
        Task<bool> step = receiver.GetAsyncEnumerator().MoveNextAsync().AsTask();
        sender.Dispose();
        await Assert.ThrowsAsync<ChannelClosedException>(() => receive);
        Assert.False(await step);
        await foreach (int item in receiver)
        {
            Assert.Fail($"{item}");
        }
    });

    [Fact]
    public Task A_disposed_receiver_ends_for_those_who_wait_with_it_and_for_no_other() => InTime(async () =>
    {
        BroadcastSender<int> sender = Broadcast.Create<int>(2);
        BroadcastReceiver<int> receiver = sender.Subscribe();
        using BroadcastReceiver<int> other = sender.Subscribe();
        Task<int> receive = receiver.ReceiveAsync().AsTask();
        Task<int> stays = other.ReceiveAsync().AsTask();
        receiver.Dispose();
        receiver.Dispose();
        await Assert.ThrowsAsync<ChannelClosedException>(() => receive);
        Assert.Throws<ObjectDisposedException>(() => { _ = receiver.ReceiveAsync(); });
        Assert.Equal(1, sender.Send(1));
        Assert.Equal(1, await stays);
    });

    [Fact]
    public Task A_cancelled_receive_has_taken_nothing() => InTime(async () =>
    {
        BroadcastSender<int> sender = Broadcast.Create<int>(2);
        using BroadcastReceiver<int> receiver = sender.Subscribe();
        using var source = new CancellationTokenSource();
        Task<int> cancelled = receiver.ReceiveAsync(source.Token).AsTask();
        Task<int> behind = receiver.ReceiveAsync().AsTask();
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        sender.Send(1);
        Assert.Equal(1, await behind);
        sender.Send(2);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await receiver.ReceiveAsync(source.Token));
        Assert.Equal(2, await receiver.ReceiveAsync());
    });

    [Fact]
    public Task A_receiver_is_a_stream() => InTime(async () =>
    {
        BroadcastSender<int> sender = Broadcast.Create<int>(1_000);
        using BroadcastReceiver<int> receiver = sender.Subscribe();
        var received = new List<int>();
        await TaskScope.RunAsync(async scope =>
        {
            scope.Spawn(async _ =>
            {
                for (int i = 0; i < 1_000; i++)
                {
                    sender.Send(i);
                    await Fiber.Yield();
                }

                sender.Dispose();
            });
            await foreach (int item in receiver)
            {
                received.Add(item);
            }
        });
        Assert.Equal(Enumerable.Range(0, 1_000), received);
    });

    [Fact]
    public void Senseless_arguments_are_refused_at_once() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Broadcast.Create<int>(0));
}
