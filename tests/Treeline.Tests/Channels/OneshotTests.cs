// Waits are started here and awaited later, or refused.
#pragma warning disable CA2012

using System.Threading.Channels;

namespace Treeline.Tests.Channels;

public sealed class OneshotTests : TreeTest
{
    [Fact]
    public Task Sent_first_it_is_received_at_once() => InTime(async () =>
    {
        (OneshotSender<int> sender, OneshotReceiver<int> receiver) = Oneshot.Create<int>();
        Assert.True(sender.TrySend(1));
        Assert.Equal(1, await receiver.ReceiveAsync());
    });

    [Fact]
    public Task A_receive_waits_for_the_value() => InTime(async () =>
    {
        (OneshotSender<int> sender, OneshotReceiver<int> receiver) = Oneshot.Create<int>();
        Task<int> receive = receiver.ReceiveAsync().AsTask();
        Assert.False(receive.IsCompleted);
        Assert.False(receiver.TryReceive(out _));
        Assert.True(sender.TrySend(1));
        sender.Dispose();
        Assert.Equal(1, await receive);
    });

    [Fact]
    public Task A_sender_that_goes_without_sending_is_noticed() => InTime(async () =>
    {
        (OneshotSender<int> sender, OneshotReceiver<int> receiver) = Oneshot.Create<int>(name: "answer");
        Task<int> receive = receiver.ReceiveAsync().AsTask();
        sender.Dispose();
        ChannelClosedException error = await Assert.ThrowsAsync<ChannelClosedException>(() => receive);
        Assert.Equal("The sender of oneshot 'answer' was disposed without having sent.", error.Message);
        await Assert.ThrowsAsync<ChannelClosedException>(async () => await receiver.ReceiveAsync());
        Assert.Throws<ObjectDisposedException>(() => sender.TrySend(1));
    });

    [Fact]
    public void A_receiver_that_is_gone_is_noticed_and_the_value_stays_with_the_sender()
    {
        var undelivered = new List<int>();
        (OneshotSender<int> sender, OneshotReceiver<int> receiver) = Oneshot.Create<int>(undelivered.Add);
        receiver.Dispose();
        Assert.False(sender.TrySend(1));
        Assert.Empty(undelivered);
        Assert.Throws<ObjectDisposedException>(() => { _ = receiver.ReceiveAsync(); });
    }

    [Fact]
    public void A_value_that_lies_there_when_the_receiver_goes_is_handed_back()
    {
        var undelivered = new List<int>();
        (OneshotSender<int> sender, OneshotReceiver<int> receiver) = Oneshot.Create<int>(undelivered.Add);
        Assert.True(sender.TrySend(1));
        receiver.Dispose();
        receiver.Dispose();
        Assert.Equal([1], undelivered);
    }

    [Fact]
    public Task It_carries_one_value_to_one_receiver() => InTime(async () =>
    {
        (OneshotSender<int> sender, OneshotReceiver<int> receiver) = Oneshot.Create<int>();
        Task<int> first = receiver.ReceiveAsync().AsTask();
        Task<int> second = receiver.ReceiveAsync().AsTask();
        Assert.True(sender.TrySend(1));
        Assert.Throws<InvalidOperationException>(() => sender.TrySend(2));
        Assert.Equal(1, await first);
        await Assert.ThrowsAsync<ChannelClosedException>(() => second);
        await Assert.ThrowsAsync<ChannelClosedException>(async () => await receiver.ReceiveAsync());
    });

    [Fact]
    public Task An_error_is_thrown_where_the_value_is_received() => InTime(async () =>
    {
        (OneshotSender<int> sender, OneshotReceiver<int> receiver) = Oneshot.Create<int>();
        Assert.True(sender.TryFail(new OopsException("oops")));
        await Assert.ThrowsAsync<OopsException>(async () => await receiver.ReceiveAsync());

        (sender, receiver) = Oneshot.Create<int>();
        Task<int> receive = receiver.ReceiveAsync().AsTask();
        Assert.True(sender.TryFail(new OopsException("oops")));
        await Assert.ThrowsAsync<OopsException>(() => receive);
    });

    [Fact]
    public Task A_cancelled_receive_has_taken_nothing() => InTime(async () =>
    {
        (OneshotSender<int> sender, OneshotReceiver<int> receiver) = Oneshot.Create<int>();
        using var source = new CancellationTokenSource();
        Task<int> receive = receiver.ReceiveAsync(source.Token).AsTask();
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receive);
        Assert.True(sender.TrySend(1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await receiver.ReceiveAsync(source.Token));
        Assert.True(receiver.TryReceive(out int value));
        Assert.Equal(1, value);
    });

    [Fact]
    public Task Sent_first_and_cancelled_then_it_has_been_received() => InTime(async () =>
    {
        (OneshotSender<int> sender, OneshotReceiver<int> receiver) = Oneshot.Create<int>();
        using var source = new CancellationTokenSource();
        Task<int> receive = receiver.ReceiveAsync(source.Token).AsTask();
        Assert.True(sender.TrySend(1));
        source.Cancel();
        Assert.Equal(1, await receive);
    });
}
