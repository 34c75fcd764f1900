// Waits are started here and awaited later, or refused.
#pragma warning disable CA2012

using System.Threading.Channels;

namespace Treeline.Tests.Channels;

public sealed class MpscTests : TreeTest
{
    [Fact]
    public Task What_is_sent_is_received_in_order() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(3);
        await sender.SendAsync(1);
        Assert.Equal(SendResult.Sent, sender.TrySend(2));
        await sender.SendAsync(3);
        Assert.Equal(3, receiver.Count);
        Assert.Equal(1, await receiver.ReceiveAsync());
        Assert.True(receiver.TryReceive(out int item));
        Assert.Equal(2, item);
        Assert.Equal(3, await receiver.ReceiveAsync());
        Assert.False(receiver.TryReceive(out _));
    });

    [Fact]
    public Task A_receive_waits_for_an_item() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        Task<int> receive = receiver.ReceiveAsync().AsTask();
        Assert.False(receive.IsCompleted);
        await sender.SendAsync(1);
        Assert.Equal(1, await receive);
        Assert.Equal(0, receiver.Count);
    });

    [Fact]
    public Task Senders_wait_for_places_and_get_them_in_the_order_they_came() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        await sender.SendAsync(0);
        Task[] sends = [.. Enumerable.Range(1, 100).Select(i => sender.SendAsync(i).AsTask())];
        Assert.Equal(SendResult.Full, sender.TrySend(-1));
        for (int i = 0; i <= 100; i++)
        {
            Assert.True(receiver.TryReceive(out int item));
            Assert.Equal(i, item);
            if (i < 100)
            {
                await sends[i];
                Assert.True(i == 99 || !sends[i + 1].IsCompleted);
            }
        }
    });

    [Fact]
    public Task Receivers_get_items_in_the_order_they_came() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Unbounded<int>();
        Task<int>[] receives = [.. Enumerable.Range(0, 100).Select(_ => receiver.ReceiveAsync().AsTask())];
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(SendResult.Sent, sender.TrySend(i));
        }

        Assert.Equal(Enumerable.Range(0, 100), await Task.WhenAll(receives));
    });

    [Fact]
    public Task An_unbounded_channel_takes_everything_and_keeps_the_order() => InTime(async () =>
    {
        (MpscSender<string> sender, MpscReceiver<string> receiver) = Mpsc.Unbounded<string>();
        int sent = 0;
        int received = 0;
        foreach (int wave in (int[])[1, 127, 128, 129, 1_000, 20_000, 3, 500])
        {
            for (int i = 0; i < wave; i++)
            {
                await sender.SendAsync($"{sent++}");
            }

            for (int i = 0; i < wave - 1; i++)
            {
                Assert.Equal($"{received++}", await receiver.ReceiveAsync());
            }
        }

        Assert.Equal(sent - received, receiver.Count);
    });

    [Fact]
    public Task A_cancelled_send_has_sent_nothing_and_those_behind_move_up() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        using var source = new CancellationTokenSource();
        await sender.SendAsync(0);
        Task cancelled = sender.SendAsync(1, source.Token).AsTask();
        Task behind = sender.SendAsync(2).AsTask();
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal(0, await receiver.ReceiveAsync());
        await behind;
        Assert.Equal(2, await receiver.ReceiveAsync());
        Assert.Equal(0, receiver.Count);
    });

    [Fact]
    public Task A_cancelled_receive_has_taken_nothing() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        using var source = new CancellationTokenSource();
        Task<int> receive = receiver.ReceiveAsync(source.Token).AsTask();
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receive);
        await sender.SendAsync(1);
        Assert.Equal(1, receiver.Count);
    });

    [Fact]
    public Task Sent_first_and_cancelled_then_it_has_been_sent() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        using var source = new CancellationTokenSource();
        await sender.SendAsync(0);
        Task send = sender.SendAsync(1, source.Token).AsTask();
        Task<int> receive = receiver.ReceiveAsync(source.Token).AsTask();
        source.Cancel();
        await send;
        Assert.Equal(0, await receive);
        Assert.Equal(1, await receiver.ReceiveAsync());
    });

    [Fact]
    public Task A_token_that_is_cancelled_already_cancels_though_it_could_be_done_at_once() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(2);
        await sender.SendAsync(1);
        var cancelled = new CancellationToken(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await sender.SendAsync(2, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await sender.SendBatchAsync(Batch(2), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await sender.ReserveAsync(cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await receiver.ReceiveAsync(cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await receiver.ReceiveBatchAsync(new int[1], cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (int _ in receiver.WithCancellation(cancelled))
            {
            }
        });
        Assert.Equal(1, receiver.Count);
    });

    [Fact]
    public Task Completed_it_takes_nothing_and_gives_what_it_has_and_then_ends() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(2, name: "orders");
        await sender.SendAsync(1);
        Assert.True(sender.Complete());
        Assert.False(sender.Complete());
        Assert.Equal(SendResult.Closed, sender.TrySend(2));
        ChannelClosedException error = await Assert.ThrowsAsync<ChannelClosedException>(async () => await sender.SendAsync(2));
        Assert.Equal("Channel 'orders' has been completed; the item was not sent.", error.Message);
        Assert.Equal(1, await receiver.ReceiveAsync());
        error = await Assert.ThrowsAsync<ChannelClosedException>(async () => await receiver.ReceiveAsync());
        Assert.StartsWith("Channel 'orders' is over", error.Message, StringComparison.Ordinal);
        Assert.Null(error.InnerException);
        Assert.False(receiver.TryReceive(out _));
    });

    [Fact]
    public Task The_error_it_was_completed_with_comes_after_the_items() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(2);
        var oops = new OopsException("oops");
        await sender.SendAsync(1);
        sender.Complete(oops);
        Assert.Equal(1, await receiver.ReceiveAsync());
        ChannelClosedException error =
            await Assert.ThrowsAsync<ChannelClosedException>(async () => await receiver.ReceiveAsync());
        Assert.Same(oops, error.InnerException);
        Assert.Same(oops, await Assert.ThrowsAsync<OopsException>(async () => await receiver.ReceiveBatchAsync(new int[1])));
        Assert.Same(oops, await Assert.ThrowsAsync<OopsException>(async () =>
        {
            await foreach (int _ in receiver)
            {
            }
        }));
    });

    [Fact]
    public Task What_waited_for_a_place_when_it_was_completed_is_sent_yet() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        await sender.SendAsync(1);
        Task send = sender.SendAsync(2).AsTask();
        sender.Dispose();
        Assert.Equal(1, await receiver.ReceiveAsync());
        await send;
        Assert.Equal(2, await receiver.ReceiveAsync());
        await Assert.ThrowsAsync<ChannelClosedException>(async () => await receiver.ReceiveAsync());
    });

    [Fact]
    public Task What_is_reserved_and_what_waits_for_it_comes_before_the_end() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(2);
        Permit<int> permit = await sender.ReserveAsync();
        Task batch = sender.SendBatchAsync(Batch(1, 2)).AsTask();
        sender.Dispose();
        Task<int>[] receives = [.. Enumerable.Range(0, 4).Select(_ => receiver.ReceiveAsync().AsTask())];
        permit.Send(0);
        await batch;
        Assert.Equal(0, await receives[0]);
        Assert.Equal(1, await receives[1]);
        Assert.Equal(2, await receives[2]);
        await Assert.ThrowsAsync<ChannelClosedException>(() => receives[3]);
    });

    [Fact]
    public Task What_waits_for_a_permit_that_is_given_back_goes_to_who_waits_to_receive() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        Permit<int> permit = await sender.ReserveAsync();
        Task send = sender.SendAsync(1).AsTask();
        Task<int> receive = receiver.ReceiveAsync().AsTask();
        Assert.False(send.IsCompleted || receive.IsCompleted);
        permit.Dispose();
        await send;
        Assert.Equal(1, await receive);
    });

    [Fact]
    public Task It_is_completed_when_the_last_sender_is_disposed() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        MpscSender<int> clone = sender.Clone();
        Task<int> receive = receiver.ReceiveAsync().AsTask();
        sender.Dispose();
        sender.Dispose();
        Assert.False(receive.IsCompleted);
        await clone.SendAsync(1);
        Assert.Equal(1, await receive);
        receive = receiver.ReceiveAsync().AsTask();
        clone.Dispose();
        await Assert.ThrowsAsync<ChannelClosedException>(() => receive);
    });

    [Fact]
    public void A_disposed_end_refuses()
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        sender.Dispose();
        Assert.Throws<ObjectDisposedException>(() => { _ = sender.SendAsync(1); });
        Assert.Throws<ObjectDisposedException>(() => sender.TrySend(1));
        Assert.Throws<ObjectDisposedException>(() => { _ = sender.SendBatchAsync(Batch(1)); });
        Assert.Throws<ObjectDisposedException>(() => { _ = sender.ReserveAsync(); });
        Assert.Throws<ObjectDisposedException>(() => sender.SendCase(1));
        Assert.Throws<ObjectDisposedException>(() => sender.ReserveCase());
        Assert.Throws<ObjectDisposedException>(() => sender.Clone());
        receiver.Dispose();
        receiver.Dispose();
        Assert.Throws<ObjectDisposedException>(() => { _ = receiver.ReceiveAsync(); });
        Assert.Throws<ObjectDisposedException>(() => receiver.TryReceive(out _));
        Assert.Throws<ObjectDisposedException>(() => { _ = receiver.ReceiveBatchAsync(new int[1]); });
        Assert.Throws<ObjectDisposedException>(() => receiver.ReceiveCase());
        Assert.Throws<ObjectDisposedException>(() => receiver.GetAsyncEnumerator());
    }

    [Fact]
    public Task Closed_by_the_receiver_those_who_wait_to_send_fail_and_the_rest_is_received() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        await sender.SendAsync(1);
        Task send = sender.SendAsync(2).AsTask();
        Task reserve = sender.ReserveAsync().AsTask();
        Task batch = sender.SendBatchAsync(Batch(3)).AsTask();
        receiver.Close();
        await Assert.ThrowsAsync<ChannelClosedException>(() => send);
        await Assert.ThrowsAsync<ChannelClosedException>(() => reserve);
        await Assert.ThrowsAsync<ChannelClosedException>(() => batch);
        Assert.Equal(SendResult.Closed, sender.TrySend(4));
        Assert.Equal(1, await receiver.ReceiveAsync());
        await Assert.ThrowsAsync<ChannelClosedException>(async () => await receiver.ReceiveAsync());
    });

    [Fact]
    public Task Closed_it_ends_for_one_who_waits_to_receive() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        Task<int> receive = receiver.ReceiveAsync().AsTask();
        receiver.Close();
        await Assert.ThrowsAsync<ChannelClosedException>(() => receive);
        sender.Dispose();
    });

    [Fact]
    public Task What_is_left_when_the_receiver_goes_is_handed_back() => InTime(async () =>
    {
        var undelivered = new List<int>();
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(2, onUndelivered: undelivered.Add);
        await sender.SendAsync(1);
        await sender.SendAsync(2);
        Task send = sender.SendAsync(3).AsTask();
        receiver.Dispose();
        await Assert.ThrowsAsync<ChannelClosedException>(() => send);
        Assert.Equal([1, 2], undelivered);
        await Assert.ThrowsAsync<ChannelClosedException>(async () => await sender.SendAsync(4));
        Assert.Equal([1, 2], undelivered);
    });

    [Fact]
    public Task Disposed_it_ends_for_one_who_waits_to_receive() => InTime(async () =>
    {
        (_, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1, name: "orders");
        Task<int> receive = receiver.ReceiveAsync().AsTask();
        receiver.Dispose();
        ChannelClosedException error = await Assert.ThrowsAsync<ChannelClosedException>(() => receive);
        Assert.Equal("The receiver of channel 'orders' has been disposed.", error.Message);
    });

    [Fact]
    public Task What_onUndelivered_throws_surfaces_and_all_items_are_offered() => InTime(async () =>
    {
        var offered = new List<int>();
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(2, onUndelivered: item =>
        {
            offered.Add(item);
            throw new OopsException($"{item}");
        });
        await sender.SendAsync(1);
        await sender.SendAsync(2);
        AggregateException error = Assert.Throws<AggregateException>(receiver.Dispose);
        Assert.Equal(["1", "2"], error.InnerExceptions.Select(static inner => inner.Message));
        Assert.Equal([1, 2], offered);
    });

    [Fact]
    public async Task Full_it_drops_the_newest()
    {
        var dropped = new List<int>();
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(2, FullMode.DropNewest, dropped.Add);
        await sender.SendAsync(1);
        await sender.SendAsync(2);
        await sender.SendAsync(3);
        Assert.Equal(SendResult.Dropped, sender.TrySend(4));
        Assert.Equal([3, 4], dropped);
        Assert.Equal([1, 2], Drain(receiver));
    }

    [Fact]
    public async Task Full_it_drops_the_oldest()
    {
        var dropped = new List<int>();
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(2, FullMode.DropOldest, dropped.Add);
        await sender.SendAsync(1);
        await sender.SendAsync(2);
        await sender.SendAsync(3);
        Assert.Equal(SendResult.Sent, sender.TrySend(4));
        Assert.Equal([1, 2], dropped);
        Assert.Equal([3, 4], Drain(receiver));
    }

    [Fact]
    public async Task Full_it_makes_the_sender_fail()
    {
        var dropped = new List<int>();
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1, FullMode.Fail, dropped.Add, "orders");
        await sender.SendAsync(1);
        ChannelFullException error = await Assert.ThrowsAsync<ChannelFullException>(async () => await sender.SendAsync(2));
        Assert.StartsWith("Channel 'orders' is full (1); the item was not sent.", error.Message, StringComparison.Ordinal);
        Assert.Equal(SendResult.Full, sender.TrySend(3));
        await Assert.ThrowsAsync<ChannelFullException>(async () => await sender.SendBatchAsync(Batch(4)));
        Assert.Empty(dropped);
        Assert.Equal([1], Drain(receiver));
    }

    [Fact]
    public async Task With_every_place_reserved_there_is_nothing_older_to_drop()
    {
        var dropped = new List<int>();
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1, FullMode.DropOldest, dropped.Add);
        using (Permit<int> permit = await sender.ReserveAsync())
        {
            Assert.Equal(SendResult.Dropped, sender.TrySend(1));
            permit.Send(2);
        }

        Assert.Equal([1], dropped);
        Assert.Equal([2], Drain(receiver));
    }

    [Fact]
    public Task A_permit_keeps_a_place_and_is_used_once() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        Permit<int> permit = await sender.ReserveAsync();
        Permit<int> copy = permit;
        Assert.Equal(SendResult.Full, sender.TrySend(1));
        Task send = sender.SendAsync(2).AsTask();
        permit.Send(1);
        Assert.Throws<InvalidOperationException>(() => copy.Send(3));
        copy.Dispose();
        permit.Dispose();
        Assert.Equal(1, receiver.Count);
        Assert.Equal(1, await receiver.ReceiveAsync());
        await send;
        Assert.Equal(2, await receiver.ReceiveAsync());
        Assert.Throws<InvalidOperationException>(() => default(Permit<int>).Send(1));
        default(Permit<int>).Dispose();
    });

    [Fact]
    public Task A_permit_given_back_lets_the_next_in_line_send() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        Permit<int> permit = await sender.ReserveAsync();
        Task<Permit<int>> next = sender.ReserveAsync().AsTask();
        Task send = sender.SendAsync(2).AsTask();
        permit.Dispose();
        Permit<int> second = await next;
        Assert.False(send.IsCompleted);
        Assert.Throws<InvalidOperationException>(() => permit.Send(9));
        second.Send(1);
        Assert.Equal(1, await receiver.ReceiveAsync());
        await send;
    });

    [Fact]
    public Task A_permit_that_is_out_keeps_the_channel_from_ending() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(2);
        Permit<int> one = await sender.ReserveAsync();
        Permit<int> other = await sender.ReserveAsync();
        Task<int> receive = receiver.ReceiveAsync().AsTask();
        Task<int> last = receiver.ReceiveAsync().AsTask();
        sender.Dispose();
        receiver.Close();
        Assert.False(receive.IsCompleted);
        one.Send(1);
        Assert.Equal(1, await receive);
        Assert.False(last.IsCompleted);
        other.Dispose();
        await Assert.ThrowsAsync<ChannelClosedException>(() => last);
    });

    [Fact]
    public Task A_permit_for_a_receiver_that_is_gone_sends_nothing() => InTime(async () =>
    {
        var undelivered = new List<int>();
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1, onUndelivered: undelivered.Add);
        Permit<int> permit = await sender.ReserveAsync();
        receiver.Dispose();
        Assert.Throws<ChannelClosedException>(() => permit.Send(1));
        permit.Dispose();
        Assert.Empty(undelivered);
    });

    [Fact]
    public Task A_batch_comes_as_one() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(3);
        await sender.SendAsync(0);
        int[] items = [1, 2, 3];
        Task batch = sender.SendBatchAsync(items).AsTask();
        items[0] = -1;
        Task behind = sender.SendAsync(4).AsTask();
        Assert.Equal(SendResult.Full, sender.TrySend(5));
        Assert.Equal(0, await receiver.ReceiveAsync());
        await batch;
        Assert.False(behind.IsCompleted);
        for (int i = 1; i <= 4; i++)
        {
            Assert.Equal(i, await receiver.ReceiveAsync());
        }

        await behind;
        await sender.SendBatchAsync(Batch(7, 8));
        await sender.SendBatchAsync(ReadOnlyMemory<int>.Empty);
        Assert.Equal([7, 8], Drain(receiver));
        Assert.Throws<ArgumentException>(() => { _ = sender.SendBatchAsync(new int[4]); });
    });

    [Fact]
    public Task A_cancelled_batch_has_sent_nothing_and_lets_others_through() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(3);
        using var source = new CancellationTokenSource();
        await sender.SendAsync(0);
        Task batch = sender.SendBatchAsync(Batch(1, 2, 3), source.Token).AsTask();
        Task behind = sender.SendAsync(4).AsTask();
        Assert.False(behind.IsCompleted);
        source.Cancel();
        await behind;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => batch);
        Assert.Equal([0, 4], Drain(receiver));
    });

    [Fact]
    public async Task A_batch_in_a_channel_that_drops_is_dropped_one_by_one()
    {
        var dropped = new List<int>();
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(2, FullMode.DropOldest, dropped.Add);
        await sender.SendBatchAsync(Batch(1, 2, 3, 4, 5));
        Assert.Equal([1, 2, 3], dropped);
        Assert.Equal([4, 5], Drain(receiver));

        dropped.Clear();
        (sender, receiver) = Mpsc.Bounded<int>(2, FullMode.DropNewest, dropped.Add);
        Task<int> receive = receiver.ReceiveAsync().AsTask();
        await sender.SendBatchAsync(Batch(1, 2, 3, 4, 5));
        Assert.Equal(1, await receive);
        Assert.Equal([4, 5], dropped);
        Assert.Equal([2, 3], Drain(receiver));
    }

    [Fact]
    public Task A_batch_feeds_all_who_wait() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(3);
        Task<int> one = receiver.ReceiveAsync().AsTask();
        Task<int> other = receiver.ReceiveAsync().AsTask();
        await sender.SendBatchAsync(Batch(1, 2, 3));
        Assert.Equal(1, await one);
        Assert.Equal(2, await other);
        Assert.Equal([3], Drain(receiver));
    });

    [Fact]
    public Task A_batch_is_received_as_far_as_there_is_room() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(3);
        var into = new int[4];
        Task<int> first = receiver.ReceiveBatchAsync(into).AsTask();
        await sender.SendAsync(1);
        Assert.Equal(1, await first);
        Assert.Equal(1, into[0]);

        await sender.SendBatchAsync(Batch(1, 2, 3));
        Task four = sender.SendAsync(4).AsTask();
        Task five = sender.SendAsync(5).AsTask();
        Assert.Equal(4, await receiver.ReceiveBatchAsync(into));
        Assert.Equal([1, 2, 3, 4], into);
        await Task.WhenAll(four, five);
        Assert.Equal(1, await receiver.ReceiveBatchAsync(into));

        Task<int> last = receiver.ReceiveBatchAsync(into).AsTask();
        sender.Dispose();
        Assert.Equal(0, await last);
        Assert.Equal(0, await receiver.ReceiveBatchAsync(into));
        Assert.Throws<ArgumentException>(() => { _ = receiver.ReceiveBatchAsync(Memory<int>.Empty); });
    });

    [Fact]
    public Task A_cancelled_batch_receive_has_taken_nothing() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(3);
        using var source = new CancellationTokenSource();
        Task<int> batch = receiver.ReceiveBatchAsync(new int[2], source.Token).AsTask();
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => batch);
        await sender.SendAsync(1);
        Assert.Equal(1, receiver.Count);
    });

    [Fact]
    public Task It_is_a_stream_that_ends_with_the_channel() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(2);
        var received = new List<int>();
        await TaskScope.RunAsync(async scope =>
        {
            scope.Spawn(async _ =>
            {
                using (sender)
                {
                    for (int i = 0; i < 1_000; i++)
                    {
                        await sender.SendAsync(i);
                    }
                }
            });
            await foreach (int item in receiver)
            {
                received.Add(item);
            }
        });
        Assert.Equal(Enumerable.Range(0, 1_000), received);
    });

    [Fact]
    public Task Who_stops_the_stream_early_receives_the_rest_later() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(3);
        await sender.SendBatchAsync(Batch(1, 2, 3));
        sender.Dispose();
        await foreach (int item in receiver)
        {
            Assert.Equal(1, item);
            break;
        }

        var rest = new List<int>();
        await foreach (int item in receiver)
        {
            rest.Add(item);
        }

        Assert.Equal([2, 3], rest);
    });

    [Fact]
    public Task A_cancelled_step_of_the_stream_has_taken_nothing() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(3);
        using var source = new CancellationTokenSource();
        await using IAsyncEnumerator<int> items = receiver.GetAsyncEnumerator(source.Token);
        Task<bool> step = items.MoveNextAsync().AsTask();
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => step);
        await sender.SendAsync(1);
        Assert.Equal(1, receiver.Count);
    });

    [Fact]
    public Task The_stream_throws_the_error_for_one_who_waits() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(3);
        Task<bool> step = receiver.GetAsyncEnumerator().MoveNextAsync().AsTask();
        sender.Complete(new OopsException("oops"));
        await Assert.ThrowsAsync<OopsException>(() => step);
    });

    [Fact]
    public Task A_step_awaited_twice_says_so() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(3);
        await using IAsyncEnumerator<int> items = receiver.GetAsyncEnumerator();
        ValueTask<bool> step = items.MoveNextAsync();
        await sender.SendAsync(1);
        Assert.True(await step);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await step);
    });

    [Fact]
    public Task A_fiber_comes_back_to_its_executor() => InTime(async () =>
    {
        using var thread = new DedicatedThread();
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        (MpscSender<int> back, MpscReceiver<int> replies) = Mpsc.Bounded<int>(1);
        await TaskScope.RunAsync(
            async scope =>
            {
                ChildTask child = scope.Spawn(async _ =>
                {
                    for (int i = 0; i < 10; i++)
                    {
                        await receiver.ReceiveAsync();
                        Assert.True(thread.IsCurrent);
                        await back.SendAsync(i);
                        Assert.True(thread.IsCurrent);
                    }

                    await foreach (int item in receiver)
                    {
                        Assert.Equal(10, item);
                        Assert.True(thread.IsCurrent);
                        break;
                    }

                    await receiver.ReceiveBatchAsync(new int[3]);
                    Assert.True(thread.IsCurrent);
                });
                for (int i = 0; i < 10; i++)
                {
                    await sender.SendAsync(i);
                    await replies.ReceiveAsync();
                }

                await sender.SendAsync(10);
                await sender.SendAsync(11);
                await child;
            },
            new ScopeOptions { Executor = thread });
    });

    [Fact]
    public Task Waiting_is_shown_in_the_tree() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1, name: "orders");
        await using var scope = TaskScope.Open();
        scope.Spawn(async ct => await receiver.ReceiveAsync(ct), "receiving");
        await Until(() => Find("receiving").WaitsOn is not null);
        Assert.Equal("receive from channel 'orders'", $"{Find("receiving").WaitsOn}");
        await sender.SendAsync(1);
        await sender.SendAsync(2);
        scope.Spawn(async ct => await sender.SendAsync(3, ct), "sending");
        await Until(() => Find("sending").WaitsOn is not null);
        Assert.Equal("send to channel 'orders'", $"{Find("sending").WaitsOn}");
        scope.Cancel();
    });

    [Fact]
    public void Senseless_arguments_are_refused_at_once()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Mpsc.Bounded<int>(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Mpsc.Bounded<int>(1, (FullMode)9));
    }

    private static ReadOnlyMemory<int> Batch(params int[] items) => items;

    private static List<int> Drain(MpscReceiver<int> receiver)
    {
        var items = new List<int>();
        while (receiver.TryReceive(out int item))
        {
            items.Add(item);
        }

        return items;
    }
}
