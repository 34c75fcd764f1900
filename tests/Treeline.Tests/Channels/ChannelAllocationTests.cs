// The sources behind the ValueTasks are driven by hand.
#pragma warning disable CA2012

using Treeline.Tests.Execution.Waiting;

namespace Treeline.Tests.Channels;

/// <summary>Warm channels allocate nothing: not when it goes at once, and not when it waits.</summary>
public sealed class ChannelAllocationTests
{
    private readonly MpscSender<string> _sender;
    private readonly MpscReceiver<string> _receiver;

    public ChannelAllocationTests() => (_sender, _receiver) = Mpsc.Bounded<string>(1);

    [Fact]
    public void Sending_and_receiving_at_once() => AllocatesNothing(() =>
    {
        _sender.SendAsync("a").GetAwaiter().GetResult();
        _receiver.ReceiveAsync().GetAwaiter().GetResult();
    });

    [Fact]
    public void A_backlog_that_comes_and_goes()
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Unbounded<int>();
        sender.TrySend(0);
        AllocatesNothing(() =>
        {
            for (int i = 0; i < 1_000; i++)
            {
                sender.TrySend(i);
            }

            for (int i = 0; i < 1_000; i++)
            {
                receiver.TryReceive(out _);
            }
        });
    }

    [Fact]
    public void A_receive_that_waits_and_can_be_cancelled()
    {
        using var source = new CancellationTokenSource();
        AllocatesNothing(() =>
        {
            var receive = _receiver.ReceiveAsync(source.Token).ConfigureAwait(false).GetAwaiter();
            _sender.SendAsync("a").GetAwaiter().GetResult();
            receive.GetResult();
        });
    }

    [Fact]
    public void A_send_that_waits_and_can_be_cancelled()
    {
        using var source = new CancellationTokenSource();
        _sender.TrySend("a");
        AllocatesNothing(() =>
        {
            var send = _sender.SendAsync("b", source.Token).ConfigureAwait(false).GetAwaiter();
            _receiver.TryReceive(out _);
            send.GetResult();
        });
    }

    [Fact]
    public void A_reservation_that_waits() => AllocatesNothing(() =>
    {
        Permit<string> held = _sender.ReserveAsync().GetAwaiter().GetResult();
        var reserve = _sender.ReserveAsync().ConfigureAwait(false).GetAwaiter();
        held.Dispose();
        reserve.GetResult().Dispose();
    });

    [Fact]
    public void A_step_of_the_stream()
    {
        IAsyncEnumerator<string> items = _receiver.GetAsyncEnumerator();
        AllocatesNothing(() =>
        {
            var step = items.MoveNextAsync().ConfigureAwait(false).GetAwaiter();
            _sender.TrySend("a");
            step.GetResult();
        });
    }

    [Fact]
    public void A_batch_that_waits()
    {
        var into = new string[4];
        AllocatesNothing(() =>
        {
            var batch = _receiver.ReceiveBatchAsync(into).ConfigureAwait(false).GetAwaiter();
            _sender.TrySend("a");
            batch.GetResult();
        });
    }

    [Fact]
    public void A_broadcast_and_a_watch()
    {
        BroadcastSender<string> sender = Broadcast.Create<string>(2);
        using BroadcastReceiver<string> receiver = sender.Subscribe();
        WatchSender<string> watched = Watch.Create("a");
        using WatchReceiver<string> watch = watched.Subscribe();
        AllocatesNothing(() =>
        {
            var receive = receiver.ReceiveAsync().ConfigureAwait(false).GetAwaiter();
            sender.Send("a");
            receive.GetResult();
            var change = watch.ChangedAsync().ConfigureAwait(false).GetAwaiter();
            watched.Send("b");
            change.GetResult();
        });
    }

    private static void AllocatesNothing(Action use)
    {
        using OnAWorker _ = OnAWorker.Enter();
        long least = long.MaxValue;
        for (int round = 0; round < 10 && least > 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100; i++)
            {
                use();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }
}
