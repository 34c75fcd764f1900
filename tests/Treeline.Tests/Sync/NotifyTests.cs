// Waits that have ended are looked into by hand.
#pragma warning disable CA2012

namespace Treeline.Tests.Sync;

public sealed class NotifyTests : TreeTest
{
    [Fact]
    public Task A_notification_that_nobody_waits_for_is_kept_for_the_next_one_and_two_are_one() => InTime(async () =>
    {
        var notify = new Notify();
        notify.NotifyOne();
        notify.NotifyOne();
        ValueTask first = notify.NotifiedAsync();
        ValueTask second = notify.NotifiedAsync();
        Assert.True(first.IsCompletedSuccessfully);
        Assert.False(second.IsCompleted);
        await first;
        notify.NotifyOne();
        await second;
    });

    [Fact]
    public Task Those_who_wait_are_woken_one_by_one_in_the_order_they_came() => InTime(async () =>
    {
        var notify = new Notify();
        ValueTask[] waits = [.. Enumerable.Range(0, 100).Select(_ => notify.NotifiedAsync())];
        for (int i = 0; i < waits.Length; i++)
        {
            Assert.False(waits[i].IsCompleted);
            notify.NotifyOne();
            Assert.True(waits[i].IsCompletedSuccessfully);
            await waits[i];
        }
    });

    [Fact]
    public Task All_wakes_those_who_wait_and_nobody_who_comes_later() => InTime(async () =>
    {
        var notify = new Notify();
        ValueTask[] waits = [.. Enumerable.Range(0, 10).Select(_ => notify.NotifiedAsync())];
        notify.NotifyAll();
        foreach (ValueTask wait in waits)
        {
            Assert.True(wait.IsCompletedSuccessfully);
            await wait;
        }

        ValueTask late = notify.NotifiedAsync();
        Assert.False(late.IsCompleted);
        notify.NotifyAll();
        await late;
    });

    [Fact]
    public Task A_cancelled_wait_takes_no_notification() => InTime(async () =>
    {
        var notify = new Notify("work");
        using var source = new CancellationTokenSource();
        ValueTask gone = notify.NotifiedAsync(source.Token);
        ValueTask stays = notify.NotifiedAsync();
        source.Cancel();
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await gone);
        Assert.Equal("The wait for notification 'work' was cancelled; it took nothing.", error.Message);
        notify.NotifyOne();
        Assert.True(stays.IsCompletedSuccessfully);
        await stays;
    });

    [Fact]
    public Task A_token_that_is_cancelled_already_leaves_the_notification_there() => InTime(async () =>
    {
        var notify = new Notify();
        notify.NotifyOne();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await notify.NotifiedAsync(new CancellationToken(true)));
        await notify.NotifiedAsync();
    });

    [Fact]
    public void Notified_and_cancelled_at_once_the_notification_was_taken_or_is_still_there()
    {
        var notify = new Notify();
        ValueTask wait = default;
        CancellationTokenSource source = new();
        Duel.Fight(
            () =>
            {
                source = new CancellationTokenSource();
                wait = notify.NotifiedAsync(source.Token);
            },
            () => notify.NotifyOne(),
            () => source.Cancel(),
            _ =>
            {
                source.Dispose();
                Assert.True(wait.IsCompleted);
                using var looked = new CancellationTokenSource();
                ValueTask next = notify.NotifiedAsync(looked.Token);
                Assert.Equal(wait.IsCompletedSuccessfully, !next.IsCompleted);
                looked.Cancel();
                foreach (ValueTask each in new[] { wait, next })
                {
                    if (each.IsCompletedSuccessfully)
                    {
                        each.GetAwaiter().GetResult();
                    }
                    else
                    {
                        Assert.ThrowsAny<OperationCanceledException>(() => each.GetAwaiter().GetResult());
                    }
                }
            });
    }

    [Fact]
    public Task A_fiber_goes_on_where_its_scope_runs() => InTime(async () =>
    {
        using var thread = new DedicatedThread();
        var notify = new Notify("work");
        await TaskScope.RunAsync(
            async scope =>
            {
                ChildTask child = scope.Spawn(
                    async ct =>
                    {
                        await notify.NotifiedAsync(ct);
                        Assert.True(thread.IsCurrent);
                    },
                    "waits");
                await Until(() => Find("waits").WaitsOn == "notification 'work'");
                notify.NotifyOne();
                await child;
            },
            new ScopeOptions { Executor = thread });
    });

    [Fact]
    public Task In_a_select_the_loser_takes_no_notification() => InTime(async () =>
    {
        var one = new Notify();
        var other = new Notify();
        Waiter<WaiterBase> cell = SelectCell.Rent(queue: null);
        Waiter<Nothing> wins = cell.Enter(one.NotifiedCase());
        Waiter<Nothing> loses = cell.Enter(other.NotifiedCase());
        ValueTask<WaiterBase> select = cell.AsValueTask();
        one.NotifyOne();
        other.NotifyOne();
        Assert.Same(wins, await select);
        loses.Lose();
        wins.TakeWon();
        Assert.True(other.NotifiedAsync().IsCompletedSuccessfully);
    });

    [Fact]
    public Task In_a_select_a_notification_that_is_there_is_taken_at_once_and_only_one() => InTime(async () =>
    {
        var one = new Notify();
        var other = new Notify();
        one.NotifyOne();
        other.NotifyOne();
        Waiter<WaiterBase> cell = SelectCell.Rent(queue: null);
        Waiter<Nothing> wins = cell.Enter(one.NotifiedCase());
        Waiter<Nothing> late = cell.Enter(other.NotifiedCase());
        Assert.Same(wins, await cell.AsValueTask());
        late.Lose();
        wins.TakeWon();
        Assert.True(other.NotifiedAsync().IsCompletedSuccessfully);
        Assert.False(one.NotifiedAsync().IsCompleted);
    });

    [Fact]
    public void Warm_it_allocates_nothing()
    {
        var notify = new Notify();
        using var source = new CancellationTokenSource();
        CancellationToken token = source.Token;
        Warm.AllocatesNothing(() =>
        {
            ValueTask wait = notify.NotifiedAsync(token);
            notify.NotifyOne();
            wait.GetAwaiter().GetResult();
            notify.NotifyOne();
            notify.NotifiedAsync(token).GetAwaiter().GetResult();
        });
    }
}
