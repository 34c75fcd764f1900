using System.Globalization;
using Treeline.Tests.Execution.Waiting;
using Xunit.Abstractions;

namespace Treeline.Interleaving.Waiting;

/// <summary>
/// The waiting kernel under every order of the steps of up to three actors. Each schedule is checked for: one winner; one
/// resumption; the result there when it comes; no value lost or given twice; nobody left in a list; no touch of a node that
/// is in the pool; nothing from one incarnation in the next.
/// </summary>
public sealed class WaiterInterleavingTests(ITestOutputHelper output)
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Signal_and_wait() => Explore(["1"], static scenario =>
    {
        var mailbox = new Mailbox();
        scenario.Actor("sender", () => mailbox.Send(1));
        Receiver(scenario, "receiver", mailbox, self => self.Await(mailbox.Receive()));
        Conserves(scenario, mailbox, 1);
    });

    [Fact]
    public void Signal_against_cancellation() => Explore(["1", "cancelled"], static scenario =>
    {
        var mailbox = new Mailbox();
        var source = new CancellationTokenSource();
        scenario.Actor("sender", () => mailbox.Send(1));
        scenario.Actor("canceller", () => Cancel(source));
        Receiver(scenario, "receiver", mailbox, self => self.Await(mailbox.Receive(source.Token)));
        Conserves(scenario, mailbox, 1);
    });

    [Fact]
    public void Signal_against_cancellation_with_a_ValueTask() => Explore(["1", "cancelled"], static scenario =>
    {
        var mailbox = new Mailbox();
        var source = new CancellationTokenSource();
        scenario.Actor("sender", () => mailbox.Send(1));
        scenario.Actor("canceller", () => Cancel(source));
        Receiver(scenario, "receiver", mailbox, self => self.Await(mailbox.ReceiveAsync(self, source.Token)));
        Conserves(scenario, mailbox, 1);
    });

    [Fact]
    public void An_error_against_cancellation() => Explore(["cancelled", "failed"], static scenario =>
    {
        var mailbox = new Mailbox();
        var source = new CancellationTokenSource();
        WaitAwaitable<int> wait = mailbox.Receive(source.Token);
        scenario.Actor("closer", () => mailbox.FailOne(new IOException()));
        scenario.Actor("canceller", () => Cancel(source));
        Receiver(scenario, "receiver", mailbox, self => self.Await(wait));
        Conserves(scenario, mailbox);
    });

    [Fact]
    public void An_error_against_an_awaiter_whose_context_flows() => Explore(["failed"], static scenario =>
    {
        var mailbox = new Mailbox();
        var self = new Resumption("receiver");
        ValueTask<int> wait = mailbox.ReceiveAsync(self);
        scenario.Actor("closer", () => mailbox.FailOne(new IOException()));
        scenario.Actor("receiver", () => scenario.Outcome = ResultOf(() => self.Await(wait, flow: true)));
        Conserves(scenario, mailbox);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Signal_against_the_deadline(bool inShard) => Explore(["1", "timed out"], scenario =>
    {
        var mailbox = new Mailbox();
        var clock = new SteppedClock(inShard);
        LeavesNoTimer(scenario, clock);
        WaitAwaitable<int> wait = mailbox.Receive(clock, s_second);
        scenario.Actor("sender", () => mailbox.Send(1));
        scenario.Actor("clock", () => clock.Advance(s_second));
        Receiver(scenario, "receiver", mailbox, self => self.Await(wait));
        Conserves(scenario, mailbox, 1);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Cancellation_against_the_deadline(bool inShard) => Explore(["cancelled", "timed out"], scenario =>
    {
        var mailbox = new Mailbox();
        var clock = new SteppedClock(inShard);
        LeavesNoTimer(scenario, clock);
        var source = new CancellationTokenSource();
        WaitAwaitable<int> wait = mailbox.Receive(clock, s_second, source.Token);
        scenario.Actor("canceller", () => Cancel(source));
        scenario.Actor("clock", () => clock.Advance(s_second));
        Receiver(scenario, "receiver", mailbox, self => self.Await(wait));
        Conserves(scenario, mailbox);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Signal_against_cancellation_against_the_deadline(bool inShard) => Explore(["1", "cancelled", "timed out"], scenario =>
    {
        var mailbox = new Mailbox();
        var clock = new SteppedClock(inShard);
        LeavesNoTimer(scenario, clock);
        var source = new CancellationTokenSource();
        var self = new Resumption("receiver");
        WaitAwaitable<int> wait = mailbox.Receive(clock, s_second, source.Token);
        ((IWorkItemAwaiter)wait).OnCompleted(self, self);
        scenario.Actor("sender", () => mailbox.Send(1));
        scenario.Actor("canceller", () => Cancel(source));
        scenario.Actor("clock", () => clock.Advance(s_second));
        scenario.Finally(() => scenario.Outcome = ResultOf(wait.GetResult));
        Conserves(scenario, mailbox, 1);
    });

    [Fact]
    public void A_late_cancellation_does_not_reach_the_next_wait() => Explore(["1 2", "cancelled 1"], static scenario =>
    {
        var mailbox = new Mailbox();
        var source = new CancellationTokenSource();
        WaitAwaitable<int> wait = mailbox.Receive(source.Token);
        scenario.Actor("sender", () =>
        {
            mailbox.Send(1);
            mailbox.Send(2);
        });
        scenario.Actor("canceller", () => Cancel(source));
        scenario.Actor("receiver", () => scenario.Outcome =
            ResultOf(() => new Resumption("the first wait").Await(wait))
            + " " + ResultOf(() => new Resumption("the second wait").Await(mailbox.Receive())));
        Conserves(scenario, mailbox, 1, 2);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_late_timer_does_not_reach_the_next_wait(bool inShard) => Explore(["1 2", "timed out 1"], scenario =>
    {
        var mailbox = new Mailbox();
        var clock = new SteppedClock(inShard);
        LeavesNoTimer(scenario, clock);
        WaitAwaitable<int> wait = mailbox.Receive(clock, s_second);
        scenario.Actor("sender", () =>
        {
            mailbox.Send(1);
            mailbox.Send(2);
        });
        scenario.Actor("clock", () => clock.Advance(s_second));
        scenario.Actor("receiver", () => scenario.Outcome =
            ResultOf(() => new Resumption("the first wait").Await(wait))
            + " " + ResultOf(() => new Resumption("the second wait").Await(mailbox.Receive())));
        Conserves(scenario, mailbox, 1, 2);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_late_timer_does_not_end_the_next_wait_before_its_own_deadline(bool inShard) => Explore(["1 2", "timed out 1", "timed out 2"], scenario =>
    {
        var mailbox = new Mailbox();
        var clock = new SteppedClock(inShard);
        LeavesNoTimer(scenario, clock);
        WaitAwaitable<int> wait = mailbox.Receive(clock, s_second);
        scenario.Actor("sender", () => mailbox.Send(1));
        scenario.Actor("clock", () => clock.Advance(s_second));
        scenario.Actor("receiver", () =>
        {
            string first = ResultOf(() => new Resumption("the first wait").Await(wait));
            WaitAwaitable<int> next = mailbox.Receive(clock, 5 * s_second);
            mailbox.Send(2);
            scenario.Outcome = first + " " + ResultOf(() => new Resumption("the second wait").Await(next));
        });
        Conserves(scenario, mailbox, 1, 2);
    });

    [Fact]
    public void A_timer_that_was_hinted_at_too_early_still_ends_each_wait_in_time() => Explore(["timed out timed out"], static scenario =>
    {
        var mailbox = new Mailbox();
        var clock = new SteppedClock();
        bool hinted = false;
        WaitAwaitable<int> wait = mailbox.Receive(clock, 100 * s_second);
        scenario.Actor("hints", () =>
        {
            clock.Hint();
            Interleave.Write(scenario, "hinted");
            hinted = true;
        });
        scenario.Actor("receiver", () =>
        {
            clock.Advance(100 * s_second);
            string first = ResultOf(() => new Resumption("the first wait").Await(wait));
            WaitAwaitable<int> next = mailbox.Receive(clock, s_second);
            clock.Advance(s_second);

            // The second that may have passed while the hint set the timer again.
            Interleave.Until(scenario, "hinted", () => hinted);
            clock.Advance(s_second);
            scenario.Outcome = first + " " + ResultOf(() => new Resumption("the second wait").Await(next));
        });
        Conserves(scenario, mailbox);
    });

    [Fact]
    public void What_one_gave_up_the_next_in_line_gets() => Explore(["1", "2"], static scenario =>
    {
        var mailbox = new Mailbox();
        var source = new CancellationTokenSource();
        var other = new Resumption("the first in line");
        WaitAwaitable<int> first = mailbox.Receive(source.Token);
        ((IWorkItemAwaiter)first).OnCompleted(other, other);
        scenario.Actor("sender", () =>
        {
            mailbox.Send(1);
            mailbox.Send(2);
        });
        scenario.Actor("canceller", () => Cancel(source));
        Receiver(scenario, "receiver", mailbox, self => self.Await(mailbox.Receive()));
        scenario.Finally(() =>
        {
            // In line: 1 goes to the first, or it gave up and 1 goes to the second.
            string result = ResultOf(first.GetResult);
            Assert.Equal(scenario.Outcome == "1" ? "cancelled" : "1", result);
            Assert.Equal(scenario.Outcome == "1" ? [2] : [], mailbox.Items);
            Assert.False(mailbox.HasWaiters);
        });
    });

    [Fact]
    public void Two_signals_against_one_wait() => Explore(["1", "2"], static scenario =>
    {
        var mailbox = new Mailbox();
        scenario.Actor("one", () => mailbox.Send(1));
        scenario.Actor("other", () => mailbox.Send(2));
        Receiver(scenario, "receiver", mailbox, self => self.Await(mailbox.Receive()));
        Conserves(scenario, mailbox, 1, 2);
    });

    [Fact]
    public void A_signal_for_all_against_who_comes_and_who_gives_up() => Explore(["cancelled", "went on"], static scenario =>
    {
        var signal = new ManualResetSignal();
        var source = new CancellationTokenSource();
        scenario.Actor("setter", signal.Set);
        scenario.Actor("canceller", () => Cancel(source));
        scenario.Actor("waiter", () => scenario.Outcome = ResultOf(() => new Resumption("waiter").Await(signal.Wait(source.Token))));
    });

    [Fact]
    public void A_signal_for_all_against_two_who_come() => Explore(["went on went on"], static scenario =>
    {
        var signal = new ManualResetSignal();
        string[] results = ["", ""];
        scenario.Actor("setter", signal.Set);
        scenario.Actor("one", () => results[0] = ResultOf(() => new Resumption("one").Await(signal.Wait())));
        scenario.Actor("other", () => results[1] = ResultOf(() => new Resumption("other").Await(signal.Wait())));
        scenario.Finally(() => scenario.Outcome = string.Join(' ', results));
    });

    [Fact]
    public void A_notification_against_cancellation_where_both_bring_the_mutex_back() => Explore(["cancelled", "went on"], static scenario =>
    {
        var mutex = new AsyncMutex();
        var condition = new Condition(mutex);
        var source = new CancellationTokenSource();
        Assert.True(mutex.TryLock(out MutexGuard guard));
        scenario.Actor("notifier", condition.Notify);
        scenario.Actor("canceller", () => Cancel(source));
        scenario.Actor("waiter", () => scenario.Outcome = ResultOf(() =>
        {
            new Resumption("waiter").Await(condition.Wait(guard, source.Token));
            return default(Nothing);
        }));
        scenario.Finally(() =>
        {
            Assert.True(mutex.IsLocked);
            guard.Dispose();
            Assert.False(mutex.IsLocked);
        });
    });

    [Fact]
    public void The_branches_of_a_select_against_each_other() => Explore(["1", "2"], static scenario =>
    {
        var left = new Mailbox("left");
        var right = new Mailbox("right");
        scenario.Actor("left sender", () => left.Send(1));
        scenario.Actor("right sender", () => right.Send(2));
        scenario.Actor("selector", () => scenario.Outcome = Select(left, right, new Resumption("selector")));
        SelectTookOne(scenario, left, right);
    });

    [Fact]
    public void A_branch_of_a_select_against_its_cancellation() => Explore(["1", "cancelled"], static scenario =>
    {
        var left = new Mailbox("left");
        var right = new Mailbox("right");
        var source = new CancellationTokenSource();
        scenario.Actor("sender", () => left.Send(1));
        scenario.Actor("canceller", () => Cancel(source));
        scenario.Actor("selector", () => scenario.Outcome = Select(left, right, new Resumption("selector"), source.Token));
        scenario.Finally(() =>
        {
            Assert.Equal(scenario.Outcome == "1" ? [] : [1], left.Items);
            Assert.False(left.HasWaiters || right.HasWaiters);
        });
    });

    [Fact]
    public void A_lost_branch_does_not_claim_the_next_select() => Explore(["1 2", "1 3", "3 1"], static scenario =>
    {
        var left = new Mailbox("left");
        var right = new Mailbox("right");
        scenario.Actor("left sender", () =>
        {
            left.Send(1);
            left.Send(2);
        });
        scenario.Actor("right sender", () => right.Send(3));
        scenario.Actor("selector", () => scenario.Outcome =
            Select(left, right, new Resumption("the first select"))
            + " " + Select(left, right, new Resumption("the second select")));
        scenario.Finally(() =>
        {
            Assert.Equal(1, left.Items.Count + right.Items.Count);
            Assert.False(left.HasWaiters || right.HasWaiters);
        });
    });

    [Fact]
    public void Leaving_out_what_cannot_differ_leaves_out_no_outcome()
    {
        static void Set(Scenario scenario)
        {
            var mailbox = new Mailbox();
            var source = new CancellationTokenSource();
            var self = new Resumption("receiver");
            WaitAwaitable<int> wait = mailbox.Receive(source.Token);
            scenario.Actor("sender", () => mailbox.Send(1));
            scenario.Actor("canceller", () => Cancel(source));
            ((IWorkItemAwaiter)wait).OnCompleted(self, self);
            scenario.Finally(() => scenario.Outcome = ResultOf(wait.GetResult));
            Conserves(scenario, mailbox, 1);
        }

        Exploration all = Run(Set, prune: false);
        Exploration pruned = Run(Set, prune: true);
        Assert.Equal(all.Outcomes.Keys, pruned.Outcomes.Keys);
        Assert.True(pruned.Schedules < all.Schedules);
        output.WriteLine($"{pruned.Schedules} of {all.Schedules} schedules.");
    }

    private static void Cancel(CancellationTokenSource source)
    {
        Interleave.Write(typeof(CancellationToken), "callbacks");
        source.Cancel();
    }

    private static void Receiver(Scenario scenario, string name, Mailbox mailbox, Func<Resumption, int> receive) =>
        scenario.Actor(name, () => scenario.Outcome = ResultOf(() => receive(new Resumption(name))));

    private static void LeavesNoTimer(Scenario scenario, SteppedClock clock) =>
        scenario.Finally(() => Assert.Equal(0, clock.Shard?.Count ?? 0));

    /// <summary>Each item was received once or is still there, in the order sent.</summary>
    private static void Conserves(Scenario scenario, Mailbox mailbox, params int[] sent) => scenario.Finally(() =>
    {
        IEnumerable<int> received = scenario.Outcome.Split(' ')
            .Where(static word => int.TryParse(word, CultureInfo.InvariantCulture, out _))
            .Select(static word => int.Parse(word, CultureInfo.InvariantCulture));
        Assert.Equal(sent, received.Concat(mailbox.Items).Order());
        Assert.False(mailbox.HasWaiters);
    });

    private static void SelectTookOne(Scenario scenario, Mailbox left, Mailbox right) => scenario.Finally(() =>
    {
        Assert.Equal(scenario.Outcome == "1" ? [] : [1], left.Items);
        Assert.Equal(scenario.Outcome == "2" ? [] : [2], right.Items);
        Assert.False(left.HasWaiters || right.HasWaiters);
    });

    /// <summary>A select as the later one will be: cell, branches, await, losers out, result.</summary>
    private static string Select(Mailbox left, Mailbox right, Resumption self, CancellationToken cancellationToken = default)
    {
        Waiter<WaiterBase> cell = SelectCell.Rent(queue: null, cancellationToken);
        Waiter<int>[] branches = [left.Join(cell), right.Join(cell)];
        WaiterBase? winner = null;
        string result = ResultOf(() =>
        {
            winner = self.Await(cell.AsAwaitable());
            return 0;
        });
        foreach (Waiter<int> branch in branches)
        {
            if (branch == winner)
            {
                result = ResultOf(branch.TakeWon);
            }
            else
            {
                branch.Lose();
            }
        }

        return result;
    }

    private static string ResultOf<T>(Func<T> get)
    {
        try
        {
            T result = get();
            return result is Nothing ? "went on" : $"{result}";
        }
        catch (OperationCanceledException)
        {
            return "cancelled";
        }
        catch (TimeoutException)
        {
            return "timed out";
        }
        catch (IOException)
        {
            return "failed";
        }
    }

    private static Exploration Run(Action<Scenario> set, bool prune = true) => Exploration.Run(
        () =>
        {
            var scenario = new Scenario();
            set(scenario);
            return scenario;
        },
        prune);

    private void Explore(string[] outcomes, Action<Scenario> set)
    {
        Exploration exploration = Run(set);
        output.WriteLine($"{exploration.Schedules} schedules.");
        foreach ((string outcome, int count) in exploration.Outcomes)
        {
            output.WriteLine($"{outcome}: {count}");
        }

        Assert.Equal(outcomes, exploration.Outcomes.Keys);
    }

    /// <summary>An <see cref="AsyncCondition"/> that is awaited as a fiber does.</summary>
    private sealed class Condition(AsyncMutex mutex) : IWaitQueue
    {
        private WaiterList<MutexGuard> _waiters;

        public WaitAwaitable<MutexGuard> Wait(MutexGuard guard, CancellationToken cancellationToken) =>
            mutex.BeginWait(this, ref _waiters, guard, cancellationToken).AsAwaitable();

        public void Notify() => mutex.EndWaits(ref _waiters, all: false);

        bool IWaitQueue.MayGiveUp(WaiterBase waiter)
        {
            mutex.CancelWait(ref _waiters, (Waiter<MutexGuard>)waiter);
            return false;
        }

        void IWaitQueue.Remove(WaiterBase waiter) => Assert.Fail("Nobody leaves without being asked whether it may.");
    }
}
