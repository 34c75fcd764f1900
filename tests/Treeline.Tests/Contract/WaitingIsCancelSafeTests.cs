using Treeline.Tests.Execution.Waiting;

namespace Treeline.Tests.Contract;

/// <summary>
/// Line 10 of the contract: every wait either happened or did not. A cancelled receive consumed nothing, a lost branch of a
/// select lost no data. Shown for each kind of wait, and closely with the smallest primitive over the waiting kernel, on which
/// all of them are built; see the tests of the kernel for its every case.
/// </summary>
public class WaitingIsCancelSafeTests : TreeTest
{
    private const int Rounds = 1_000;

    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    public static TheoryData<string> Waits => [.. CancelSafeWait.All.Keys];

    [Theory]
    [MemberData(nameof(Waits))]
    public Task A_cancelled_wait_took_nothing(string wait) => InTime(async () =>
    {
        CancelSafeWait each = CancelSafeWait.All[wait]();
        using var cancel = new CancellationTokenSource();
        Task waiting = each.Begin(cancel.Token);
        Assert.False(waiting.IsCompleted);
        await cancel.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(cancel.Token, thrown.CancellationToken);
        await each.CheckNothingTaken();
    });

    [Theory]
    [MemberData(nameof(Waits))]
    public Task A_wait_with_a_token_that_was_cancelled_before_takes_nothing(string wait) => InTime(async () =>
    {
        CancelSafeWait each = CancelSafeWait.All[wait]();
        var cancelled = new CancellationToken(true);
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => each.Begin(cancelled));
        Assert.Equal(cancelled, thrown.CancellationToken);
        await each.CheckNothingTaken();
    });

    [Fact]
    public Task A_receive_cut_short_by_its_scope_consumed_nothing() => InTime(async () =>
    {
        var mailbox = new Mailbox();
        await TaskScope.RunAsync(async scope =>
        {
            ValueTask<int> wait = mailbox.ReceiveAsync(Executor.ThreadPool, scope.Token);
            Assert.False(wait.IsCompleted);
            scope.Cancel();
            mailbox.Send(42);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await wait);
        });
        Assert.Equal([42], mailbox.Items);
        Assert.False(mailbox.HasWaiters);
    });

    [Fact]
    public Task What_was_handed_over_before_the_cancellation_is_received() => InTime(async () =>
    {
        var mailbox = new Mailbox();
        int received = await TaskScope.RunAsync(async scope =>
        {
            ValueTask<int> wait = mailbox.ReceiveAsync(Executor.ThreadPool, scope.Token);
            mailbox.Send(42);
            scope.Cancel();
            return await wait;
        });
        Assert.Equal(42, received);
        Assert.Empty(mailbox.Items);
    });

    [Fact]
    public Task A_receive_cut_short_by_a_deadline_consumed_nothing() => InTime(async () =>
    {
        var clock = new ManualTimeProvider();
        var mailbox = new Mailbox();
        await Assert.ThrowsAsync<TimeoutException>(() => TaskScope.RunAsync(
            async scope =>
            {
                ValueTask<int> wait = mailbox.ReceiveAsync(Executor.ThreadPool, scope.Token);
                clock.Advance(s_second);
                mailbox.Send(42);
                await wait;
            },
            new ScopeOptions { Timeout = s_second, TimeProvider = clock }));
        Assert.Equal([42], mailbox.Items);
    });

    [Fact]
    public Task Sent_and_cancelled_at_once_a_message_is_received_or_still_there() => InTime(async () =>
    {
        for (int round = 0; round < Rounds; round++)
        {
            int message = round;
            var mailbox = new Mailbox();
            ChildTask<int> receiver = default;
            await TaskScope.RunAsync(async scope =>
            {
                receiver = scope.Spawn(async ct => await mailbox.Receive(ct));
                await Until(() => receiver.State == NodeState.Running);
                await AtOnceAsync(message, () => mailbox.Send(message), () => scope.Cancel());
            });
            Outcome<int> outcome = await receiver.OutcomeAsync();
            Assert.Equal(outcome.IsSuccess ? [] : [message], mailbox.Items);
            Assert.Equal(outcome.IsSuccess ? NodeState.Succeeded : NodeState.Cancelled, outcome.State);
            Assert.Equal(message, outcome.IsSuccess ? outcome.Value : mailbox.Items.Single());
            Assert.False(mailbox.HasWaiters);
        }
    });

    [Fact]
    public Task Of_a_select_at_most_one_branch_took_something_and_a_cancelled_one_took_nothing() => InTime(async () =>
    {
        for (int i = 0; i < Rounds; i++)
        {
            int round = i;
            var left = new Mailbox();
            var right = new Mailbox();
            ChildTask<int> selecting = default;
            await TaskScope.RunAsync(async scope =>
            {
                selecting = scope.Spawn(async ct => await EitherAsync(left, right, ct));
                await Until(() => selecting.State == NodeState.Running);
                await AtOnceAsync(round, () => left.Send(1), () => right.Send(2), () => scope.Cancel());
            });
            Outcome<int> outcome = await selecting.OutcomeAsync();
            List<int> all = [.. left.Items, .. right.Items];
            if (outcome.IsSuccess)
            {
                all.Add(outcome.Value);
            }

            Assert.Equal([1, 2], all.Order());
            Assert.False(left.HasWaiters || right.HasWaiters);
        }
    });

    /// <summary>A pool thread runs what it queued last first, so each gets its turn at being last.</summary>
    private static Task AtOnceAsync(int round, params Action[] actions) =>
        Task.WhenAll(Enumerable.Range(round, actions.Length).Select(i => Task.Run(actions[i % actions.Length])));

    private static async Fiber<int> EitherAsync(Mailbox left, Mailbox right, CancellationToken ct)
    {
        Waiter<WaiterBase> cell = SelectCell.Rent(queue: null, ct);
        Waiter<int> ofLeft = left.Join(cell);
        Waiter<int> ofRight = right.Join(cell);
        WaiterBase winner;
        try
        {
            winner = await cell.AsAwaitable();
        }
        catch (OperationCanceledException)
        {
            ofLeft.Lose();
            ofRight.Lose();
            throw;
        }

        (Waiter<int> won, Waiter<int> lost) = ReferenceEquals(winner, ofLeft) ? (ofLeft, ofRight) : (ofRight, ofLeft);
        lost.Lose();
        return won.TakeWon();
    }
}
