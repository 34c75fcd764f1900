// Results are taken by hand here, as a select does.
#pragma warning disable xUnit1031

using System.Threading.Channels;

namespace Treeline.Tests.Channels;

/// <summary>Each end as one of several things that are waited for: one wins, and what loses has done nothing.</summary>
public sealed class ChannelCasesTests
{
    private readonly Waiter<WaiterBase> _cell = SelectCell.Rent(queue: null);

    [Fact]
    public void A_receive_that_wins_has_an_item_and_one_that_loses_has_none()
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        (MpscSender<int> other, MpscReceiver<int> loser) = Mpsc.Bounded<int>(1);
        Waiter<int> one = Enter(receiver.ReceiveCase());
        Waiter<int> two = Enter(loser.ReceiveCase());
        Assert.Equal(SendResult.Sent, sender.TrySend(1));
        Assert.Equal(SendResult.Sent, other.TrySend(2));
        Assert.Same(one, Decided());
        two.Lose();
        Assert.Equal(1, one.TakeWon());
        Assert.Equal(0, receiver.Count);
        Assert.Equal(1, loser.Count);
    }

    [Fact]
    public void A_receive_takes_what_is_there_and_lets_the_next_in_line_send()
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        Assert.Equal(SendResult.Sent, sender.TrySend(1));
        Task send = sender.SendAsync(2).AsTask();
        Waiter<int> receive = Enter(receiver.ReceiveCase());
        Assert.Same(receive, Decided());
        Assert.Equal(1, receive.TakeWon());
        Assert.Equal(1, receiver.Count);
        Assert.True(send.Wait(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public void A_receive_from_a_channel_that_is_over_wins_and_fails()
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        Waiter<int> receive = Enter(receiver.ReceiveCase());
        sender.Dispose();
        Assert.Same(receive, Decided());
        Assert.Throws<ChannelClosedException>(() => receive.TakeWon());

        Waiter<WaiterBase> cell = SelectCell.Rent(queue: null);
        Waiter<int> late = Enter(receiver.ReceiveCase(), cell);
        Assert.Same(late, cell.AsAwaitable().GetResult());
        Assert.Throws<ChannelClosedException>(() => late.TakeWon());
    }

    [Fact]
    public void A_send_that_loses_has_sent_nothing_and_lets_others_through()
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        (MpscSender<int> winner, MpscReceiver<int> wins) = Mpsc.Bounded<int>(1);
        Assert.Equal(SendResult.Sent, sender.TrySend(0));
        Waiter<Nothing> send = Enter(sender.SendCase(1));
        Waiter<int> receive = Enter(wins.ReceiveCase());
        Task behind = sender.SendAsync(2).AsTask();
        Assert.Equal(SendResult.Sent, winner.TrySend(9));
        Assert.Same(receive, Decided());
        Assert.True(receiver.TryReceive(out int item));
        Assert.Equal(0, item);
        send.Lose();
        Assert.Equal(9, receive.TakeWon());
        Assert.True(behind.Wait(TimeSpan.FromSeconds(60)));
        Assert.True(receiver.TryReceive(out item));
        Assert.Equal(2, item);
        Assert.Equal(0, receiver.Count);
    }

    [Fact]
    public void A_send_of_a_select_keeps_its_turn_among_other_sends()
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        Assert.Equal(SendResult.Sent, sender.TrySend(0));
        Task before = sender.SendAsync(1).AsTask();
        Waiter<Nothing> send = Enter(sender.SendCase(2));
        Task after = sender.SendAsync(3).AsTask();
        for (int i = 0; i < 4; i++)
        {
            Assert.True(receiver.TryReceive(out int item));
            Assert.Equal(i, item);
        }

        Assert.Same(send, Decided());
        send.TakeWon();
        Assert.True(Task.WaitAll([before, after], TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public void A_send_into_a_closed_channel_wins_and_fails()
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        Assert.Equal(SendResult.Sent, sender.TrySend(0));
        Waiter<Nothing> send = Enter(sender.SendCase(1));
        receiver.Close();
        Assert.Same(send, Decided());
        Assert.Throws<ChannelClosedException>(() => send.TakeWon());
    }

    [Fact]
    public void A_reservation_that_loses_keeps_no_place()
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        (MpscSender<int> full, MpscReceiver<int> drained) = Mpsc.Bounded<int>(1);
        Assert.Equal(SendResult.Sent, full.TrySend(0));
        Waiter<Permit<int>> loser = Enter(full.ReserveCase());
        Waiter<Permit<int>> winner = Enter(sender.ReserveCase());
        Assert.Same(winner, Decided());
        loser.Lose();
        using (Permit<int> permit = winner.TakeWon())
        {
            Assert.Equal(SendResult.Full, sender.TrySend(2));
            permit.Send(1);
        }

        Assert.Equal(1, receiver.Count);
        Assert.True(drained.TryReceive(out _));
        Assert.Equal(SendResult.Sent, full.TrySend(1));
    }

    [Fact]
    public void Send_and_receive_of_one_channel_in_one_select_do_not_meet()
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        Waiter<int> receive = Enter(receiver.ReceiveCase());
        Waiter<Nothing> send = Enter(sender.SendCase(1));
        Assert.Same(send, Decided());
        receive.Lose();
        send.TakeWon();
        Assert.Equal(1, receiver.Count);
    }

    [Fact]
    public void A_oneshot_that_loses_keeps_its_value()
    {
        (OneshotSender<int> sender, OneshotReceiver<int> receiver) = Oneshot.Create<int>();
        (OneshotSender<int> other, OneshotReceiver<int> loser) = Oneshot.Create<int>();
        Waiter<int> one = Enter(receiver.ReceiveCase());
        Waiter<int> two = Enter(loser.ReceiveCase());
        Assert.True(sender.TrySend(1));
        Assert.True(other.TrySend(2));
        Assert.Same(one, Decided());
        two.Lose();
        Assert.Equal(1, one.TakeWon());
        Assert.True(loser.TryReceive(out int value));
        Assert.Equal(2, value);
    }

    [Fact]
    public void A_oneshot_whose_sender_goes_wins_and_fails()
    {
        (OneshotSender<int> sender, OneshotReceiver<int> receiver) = Oneshot.Create<int>();
        Waiter<int> receive = Enter(receiver.ReceiveCase());
        sender.Dispose();
        Assert.Same(receive, Decided());
        Assert.Throws<ChannelClosedException>(() => receive.TakeWon());
    }

    [Fact]
    public void A_broadcast_or_watch_that_loses_has_still_to_come()
    {
        BroadcastSender<int> sender = Broadcast.Create<int>(1);
        using BroadcastReceiver<int> receiver = sender.Subscribe();
        WatchSender<int> watched = Watch.Create(0);
        using WatchReceiver<int> watch = watched.Subscribe();
        Waiter<int> receive = Enter(receiver.ReceiveCase());
        Waiter<int> change = Enter(watch.ChangedCase());
        watched.Send(1);
        sender.Send(2);
        Assert.Same(change, Decided());
        receive.Lose();
        Assert.Equal(1, change.TakeWon());
        Assert.False(watch.HasChanged);
        Assert.True(receiver.TryReceive(out int item));
        Assert.Equal(2, item);

        sender.Send(3);
        sender.Send(4);
        Waiter<WaiterBase> cell = SelectCell.Rent(queue: null);
        Waiter<int> lagged = Enter(receiver.ReceiveCase(), cell);
        Assert.Same(lagged, cell.AsAwaitable().GetResult());
        Assert.Equal(1, Assert.Throws<LaggedException>(() => lagged.TakeWon()).Missed);
    }

    private Waiter<T> Enter<T>(SelectCase<T> when, Waiter<WaiterBase>? cell = null) => Enter(when.Source!, cell);

    private Waiter<Nothing> Enter(SelectCase when) => Enter(when.Source!, cell: null);

    private Waiter<T> Enter<T>(ISelectable<T> source, Waiter<WaiterBase>? cell)
    {
        Waiter<T> branch = Waiter<T>.RentBranch(source, cell ?? _cell);
        source.Enter(branch);
        return branch;
    }

    private WaiterBase Decided() => _cell.AsAwaitable().GetResult();
}
