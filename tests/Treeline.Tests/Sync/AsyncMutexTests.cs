// Waits that have ended are looked into by hand.
#pragma warning disable CA2012

namespace Treeline.Tests.Sync;

public sealed class AsyncMutexTests : TreeTest
{
    [Fact]
    public Task Free_it_is_locked_at_once_and_disposing_the_guard_unlocks_it() => InTime(async () =>
    {
        var mutex = new AsyncMutex();
        ValueTask<MutexGuard> wait = mutex.LockAsync();
        Assert.True(wait.IsCompletedSuccessfully);
        MutexGuard guard = await wait;
        Assert.True(mutex.IsLocked);
        Assert.False(mutex.TryLock(out MutexGuard none));
        none.Dispose();
        Assert.True(mutex.IsLocked);
        guard.Dispose();
        Assert.False(mutex.IsLocked);
        Assert.True(mutex.TryLock(out guard));
        guard.Dispose();
        Assert.False(mutex.IsLocked);
    });

    [Fact]
    public Task A_guard_unlocks_once_whatever_copies_there_are() => InTime(async () =>
    {
        var mutex = new AsyncMutex();
        MutexGuard guard = await mutex.LockAsync();
        MutexGuard copy = guard;
        guard.Dispose();
        MutexGuard next = await mutex.LockAsync();
        copy.Dispose();
        guard.Dispose();
        Assert.True(mutex.IsLocked);
        next.Dispose();
        Assert.False(mutex.IsLocked);
    });

    [Fact]
    public Task Those_who_wait_get_it_in_the_order_they_came_and_nobody_comes_in_between() => InTime(async () =>
    {
        var mutex = new AsyncMutex();
        MutexGuard guard = await mutex.LockAsync();
        ValueTask<MutexGuard>[] waits = [.. Enumerable.Range(0, 100).Select(_ => mutex.LockAsync())];
        for (int i = 0; i < waits.Length; i++)
        {
            Assert.All(waits.Skip(i), static wait => Assert.False(wait.IsCompleted));
            guard.Dispose();
            Assert.True(waits[i].IsCompletedSuccessfully);
            Assert.False(mutex.TryLock(out _));
            guard = await waits[i];
        }

        guard.Dispose();
        Assert.False(mutex.IsLocked);
    });

    [Fact]
    public Task A_cancelled_wait_has_left_the_line() => InTime(async () =>
    {
        var mutex = new AsyncMutex("orders");
        using var source = new CancellationTokenSource();
        MutexGuard guard = await mutex.LockAsync();
        ValueTask<MutexGuard> gone = mutex.LockAsync(source.Token);
        ValueTask<MutexGuard> stays = mutex.LockAsync();
        source.Cancel();
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await gone);
        Assert.Equal(source.Token, error.CancellationToken);
        Assert.Equal("The wait for mutex 'orders' was cancelled; it took nothing.", error.Message);
        guard.Dispose();
        Assert.True(stays.IsCompletedSuccessfully);
        (await stays).Dispose();
        Assert.False(mutex.IsLocked);
    });

    [Fact]
    public Task A_token_that_is_cancelled_already_cancels_even_if_the_mutex_is_free() => InTime(async () =>
    {
        var mutex = new AsyncMutex();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await mutex.LockAsync(new CancellationToken(true)));
        Assert.False(mutex.IsLocked);
    });

    [Fact]
    public void Unlocked_and_cancelled_at_once_one_of_the_two_has_happened()
    {
        var mutex = new AsyncMutex();
        MutexGuard guard = default;
        ValueTask<MutexGuard> wait = default;
        CancellationTokenSource source = new();
        Duel.Fight(
            () =>
            {
                source = new CancellationTokenSource();
                Assert.True(mutex.TryLock(out guard));
                wait = mutex.LockAsync(source.Token);
            },
            () => guard.Dispose(),
            () => source.Cancel(),
            _ =>
            {
                source.Dispose();
                Assert.True(wait.IsCompleted);
                Assert.Equal(wait.IsCompletedSuccessfully, mutex.IsLocked);
                if (wait.IsCompletedSuccessfully)
                {
                    wait.Result.Dispose();
                }
                else
                {
                    Assert.ThrowsAny<OperationCanceledException>(() => wait.Result);
                }

                Assert.False(mutex.IsLocked);
            });
    }

    [Fact]
    public Task A_fiber_goes_on_where_its_scope_runs() => InTime(async () =>
    {
        using var thread = new DedicatedThread();
        var mutex = new AsyncMutex();
        MutexGuard guard = await mutex.LockAsync();
        await TaskScope.RunAsync(
            async scope =>
            {
                ChildTask child = scope.Spawn(
                    async ct =>
                    {
                        using MutexGuard mine = await mutex.LockAsync(ct);
                        Assert.True(thread.IsCurrent);
                    },
                    "wants");
                await Until(() => Find("wants").WaitsOn is not null);
                guard.Dispose();
                await child;
            },
            new ScopeOptions { Executor = thread });
    });

    [Fact]
    public Task Whoever_waits_is_shown_with_who_holds_it() => InTime(async () =>
    {
        var mutex = new AsyncMutex("orders");
        TaskCompletionSource enough = Signal();
        TaskCompletionSource has = Signal();
        await TaskScope.RunAsync(
            async scope =>
            {
                scope.Spawn(
                    async ct =>
                    {
                        using MutexGuard guard = await mutex.LockAsync(ct);
                        has.SetResult();
                        await enough.Task;
                    },
                    "has");
                await has.Task;
                scope.Spawn(async ct => (await mutex.LockAsync(ct)).Dispose(), "wants");
                await Until(() => Find("wants").WaitsOn is not null);
                Assert.Equal("mutex 'orders', held by top/has", Find("wants").WaitsOn);
                enough.SetResult();
            },
            name: "top");
    });

    [Fact]
    public Task Handed_over_it_belongs_to_who_waited_and_a_circle_is_found() => InTime(async () =>
    {
        var a = new AsyncMutex("a");
        var b = new AsyncMutex("b");
        TaskScope scope = TaskScope.Open(name: "circle");
        MutexGuard first = await a.LockAsync();
        MutexGuard second = await b.LockAsync();
        foreach ((string name, AsyncMutex one, AsyncMutex other) in new[] { ("left", a, b), ("right", b, a) })
        {
            scope.Spawn(
                async ct =>
                {
                    using MutexGuard held = await one.LockAsync(ct);
                    using MutexGuard both = await other.LockAsync(ct);
                },
                name);
        }

        await Until(() => Find("left").WaitsOn is not null && Find("right").WaitsOn is not null);
        ValueTask<MutexGuard> late = a.LockAsync();
        first.Dispose();
        second.Dispose();
        DeadlockReport report = TaskTree.FindDeadlocks();
        for (; report.Cycles.Count == 0; report = TaskTree.FindDeadlocks())
        {
            await Task.Yield();
        }

        Assert.Equal(
            [("circle/left", "mutex 'b', held by circle/right"), ("circle/right", "mutex 'a', held by circle/left")],
            Assert.Single(report.Cycles).OrderBy(static node => node.Path).Select(static node => (node.Path, node.WaitsOn)));
        await scope.DisposeAsync();
        (await late).Dispose();
        Assert.False(a.IsLocked || b.IsLocked);
    });

    [Fact]
    public Task Locked_again_by_who_holds_it_it_waits_for_itself_and_is_found() => InTime(async () =>
    {
        var mutex = new AsyncMutex("held");
        TaskScope scope = TaskScope.Open(name: "alone");
        scope.Spawn(
            async ct =>
            {
                using MutexGuard guard = await mutex.LockAsync(ct);
                using MutexGuard again = await mutex.LockAsync(ct);
            },
            "greedy");
        DeadlockReport report = TaskTree.FindDeadlocks();
        for (; report.Cycles.Count == 0; report = TaskTree.FindDeadlocks())
        {
            await Task.Yield();
        }

        Assert.Equal("alone/greedy", Assert.Single(Assert.Single(report.Cycles)).Path);
        await scope.DisposeAsync();
        Assert.False(mutex.IsLocked);
    });

    [Fact]
    public Task In_a_select_the_loser_does_not_hold_it() => InTime(async () =>
    {
        var one = new AsyncMutex();
        var other = new AsyncMutex();
        MutexGuard first = await one.LockAsync();
        MutexGuard second = await other.LockAsync();
        Waiter<WaiterBase> cell = SelectCell.Rent(queue: null);
        Waiter<MutexGuard> wins = cell.Enter(one.LockCase());
        Waiter<MutexGuard> loses = cell.Enter(other.LockCase());
        ValueTask<WaiterBase> select = cell.AsValueTask();
        Assert.False(select.IsCompleted);
        first.Dispose();
        second.Dispose();
        Assert.Same(wins, await select);
        Assert.False(other.IsLocked);
        loses.Lose();
        Assert.True(one.IsLocked);
        wins.TakeWon().Dispose();
        Assert.False(one.IsLocked);
        Assert.True(other.TryLock(out second));
    });

    [Fact]
    public Task In_a_select_a_free_one_is_taken_at_once_and_one_that_comes_too_late_is_not() => InTime(async () =>
    {
        var one = new AsyncMutex();
        var other = new AsyncMutex();
        Waiter<WaiterBase> cell = SelectCell.Rent(queue: null);
        Waiter<MutexGuard> wins = cell.Enter(one.LockCase());
        Waiter<MutexGuard> late = cell.Enter(other.LockCase());
        Assert.True(one.IsLocked);
        Assert.False(other.IsLocked);
        Assert.Same(wins, await cell.AsValueTask());
        late.Lose();
        wins.TakeWon().Dispose();
        Assert.False(one.IsLocked || other.IsLocked);
    });

    [Fact]
    public void Warm_it_allocates_nothing()
    {
        var mutex = new AsyncMutex();
        using var source = new CancellationTokenSource();
        CancellationToken token = source.Token;
        Warm.AllocatesNothing(() =>
        {
            MutexGuard guard = mutex.LockAsync(token).Result;
            ValueTask<MutexGuard> wait = mutex.LockAsync(token);
            guard.Dispose();
            wait.Result.Dispose();
        });
    }
}
