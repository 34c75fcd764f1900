// The sources behind the ValueTasks are driven by hand.
#pragma warning disable CA2012

namespace Treeline.Tests.Execution.Waiting;

/// <summary>Warm waits allocate nothing.</summary>
public sealed class WaiterAllocationTests
{
    private static readonly Action s_nothing = static () => { };

    private readonly Mailbox _mailbox = new();
    private readonly Mailbox _other = new();
    private readonly Box _box = new();
    private readonly ExecutorOf _executor = new(static work => work.Execute());

    [Fact]
    public void A_fibers_wait() => AllocatesNothing(() =>
    {
        WaitAwaitable<int> wait = _mailbox.Receive();
        _box.Await(wait);
        _mailbox.Send(1);
        wait.GetResult();
    });

    [Fact]
    public void A_fibers_wait_that_can_be_cancelled()
    {
        using var source = new CancellationTokenSource();
        CancellationToken token = source.Token;
        AllocatesNothing(() =>
        {
            WaitAwaitable<int> wait = _mailbox.Receive(token);
            _box.Await(wait);
            _mailbox.Send(1);
            wait.GetResult();
        });
    }

    [Fact]
    public void A_fibers_wait_with_a_deadline() => AllocatesNothing(() =>
    {
        WaitAwaitable<int> wait = _mailbox.Receive(TimeProvider.System, TimeSpan.FromMinutes(1));
        _box.Await(wait);
        _mailbox.Send(1);
        wait.GetResult();
    });

    [Fact]
    public void A_ValueTask_that_can_be_cancelled()
    {
        using var source = new CancellationTokenSource();
        CancellationToken token = source.Token;
        AllocatesNothing(() =>
        {
            ValueTask<int> wait = _mailbox.ReceiveAsync(_executor, token);
            var awaiter = wait.ConfigureAwait(false).GetAwaiter();
            awaiter.UnsafeOnCompleted(s_nothing);
            _mailbox.Send(1);
            awaiter.GetResult();
        });
    }

    [Fact]
    public void Many_waits_at_a_time()
    {
        var waits = new WaitAwaitable<int>[1_000];
        using var source = new CancellationTokenSource();
        CancellationToken token = source.Token;
        AllocatesNothing(() =>
        {
            for (int i = 0; i < waits.Length; i++)
            {
                waits[i] = _mailbox.Receive(token);
                _box.Await(waits[i]);
            }

            for (int i = 0; i < waits.Length; i++)
            {
                _mailbox.Send(i);
            }

            foreach (WaitAwaitable<int> wait in waits)
            {
                wait.GetResult();
            }
        });
    }

    [Fact]
    public void A_select() => AllocatesNothing(() =>
    {
        Waiter<WaiterBase> cell = SelectCell.Rent(queue: null);
        Waiter<int> one = _mailbox.Join(cell);
        Waiter<int> other = _other.Join(cell);
        WaitAwaitable<WaiterBase> wait = cell.AsAwaitable();
        _box.Await(wait);
        _mailbox.Send(1);
        wait.GetResult();
        other.Lose();
        one.TakeWon();
    });

    private static void AllocatesNothing(Action wait)
    {
        using OnAWorker _ = OnAWorker.Enter();
        long least = long.MaxValue;
        for (int round = 0; round < 10 && least > 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100; i++)
            {
                wait();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }
}
