// Waits that have ended are looked into by hand.
#pragma warning disable CA2012

namespace Treeline.Tests.Sync;

public sealed class AsyncConditionTests : TreeTest
{
    [Fact]
    public Task Waiting_unlocks_the_mutex_and_the_same_guard_has_it_again_afterwards() => InTime(async () =>
    {
        var mutex = new AsyncMutex();
        var condition = new AsyncCondition(mutex);
        MutexGuard guard = await mutex.LockAsync();
        ValueTask wait = condition.WaitAsync(guard);
        Assert.False(mutex.IsLocked);
        using (MutexGuard other = await mutex.LockAsync())
        {
            condition.NotifyOne();
            Assert.False(wait.IsCompleted);
        }

        Assert.True(wait.IsCompletedSuccessfully);
        await wait;
        Assert.True(mutex.IsLocked);
        guard.Dispose();
        guard.Dispose();
        Assert.False(mutex.IsLocked);
    });

    [Fact]
    public Task Notified_while_nobody_holds_the_mutex_one_has_it_at_once() => InTime(async () =>
    {
        var mutex = new AsyncMutex();
        var condition = new AsyncCondition(mutex);
        condition.NotifyOne(); // kept for nobody
        MutexGuard guard = await mutex.LockAsync();
        ValueTask wait = condition.WaitAsync(guard);
        Assert.False(wait.IsCompleted);
        condition.NotifyAll();
        Assert.True(wait.IsCompletedSuccessfully && mutex.IsLocked);
        await wait;
        guard.Dispose();
        Assert.False(mutex.IsLocked);
    });

    [Fact]
    public Task One_wakes_the_first_and_all_wakes_the_rest_one_after_the_other() => InTime(async () =>
    {
        var mutex = new AsyncMutex();
        var condition = new AsyncCondition(mutex);
        var guards = new MutexGuard[4];
        var waits = new ValueTask[4];
        for (int i = 0; i < guards.Length; i++)
        {
            guards[i] = await mutex.LockAsync();
            waits[i] = condition.WaitAsync(guards[i]);
        }

        condition.NotifyOne();
        Assert.Equal([true, false, false, false], waits.Select(static wait => wait.IsCompleted));
        condition.NotifyAll();
        for (int i = 0; i < guards.Length; i++)
        {
            Assert.Equal(guards.Length - i, waits.Skip(i).Count(static wait => !wait.IsCompleted) + 1);
            await waits[i];
            guards[i].Dispose();
        }

        Assert.False(mutex.IsLocked);
    });

    [Fact]
    public Task Cancelled_it_comes_back_with_the_mutex_held() => InTime(async () =>
    {
        var mutex = new AsyncMutex();
        var condition = new AsyncCondition(mutex, "not empty");
        using var source = new CancellationTokenSource();
        MutexGuard guard = await mutex.LockAsync();
        ValueTask wait = condition.WaitAsync(guard, source.Token);
        MutexGuard other = await mutex.LockAsync();
        source.Cancel();
        Assert.False(wait.IsCompleted);
        other.Dispose();
        Assert.True(mutex.IsLocked);
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await wait);
        Assert.Equal("The wait for condition 'not empty' was cancelled; it took nothing.", error.Message);
        Assert.Equal(source.Token, error.CancellationToken);
        guard.Dispose();
        Assert.False(mutex.IsLocked);

        // The notification is there for who waits.
        guard = await mutex.LockAsync();
        wait = condition.WaitAsync(guard);
        condition.NotifyOne();
        await wait;
        guard.Dispose();
    });

    [Fact]
    public Task A_token_that_is_cancelled_already_leaves_the_mutex_held() => InTime(async () =>
    {
        var mutex = new AsyncMutex();
        var condition = new AsyncCondition(mutex);
        using MutexGuard guard = await mutex.LockAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await condition.WaitAsync(guard, new CancellationToken(true)));
        Assert.True(mutex.IsLocked);
    });

    [Fact]
    public Task Only_whoever_holds_the_mutex_may_wait_and_not_twice() => InTime(async () =>
    {
        var mutex = new AsyncMutex("mine");
        var condition = new AsyncCondition(mutex);
        MutexGuard guard = await mutex.LockAsync();
        guard.Dispose();
        Assert.Contains(
            "its mutex must be held", Assert.Throws<InvalidOperationException>(() => _ = condition.WaitAsync(guard)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => _ = condition.WaitAsync(default));
        using MutexGuard foreign = await new AsyncMutex("other").LockAsync();
        Assert.Equal("guard", Assert.Throws<ArgumentException>(() => _ = condition.WaitAsync(foreign)).ParamName);
        guard = await mutex.LockAsync();
        ValueTask wait = condition.WaitAsync(guard);
        Assert.Throws<InvalidOperationException>(() => _ = condition.WaitAsync(guard));
        Assert.Contains(
            "while it waits for a condition", Assert.Throws<InvalidOperationException>(() => guard.Dispose()).Message, StringComparison.Ordinal);
        condition.NotifyOne();
        await wait;
        guard.Dispose();
        Assert.False(mutex.IsLocked);
    });

    [Fact]
    public void Notified_and_cancelled_at_once_the_mutex_is_held_in_either_case()
    {
        var mutex = new AsyncMutex();
        var condition = new AsyncCondition(mutex);
        MutexGuard guard = default;
        ValueTask wait = default;
        CancellationTokenSource source = new();
        Duel.Fight(
            () =>
            {
                source = new CancellationTokenSource();
                Assert.True(mutex.TryLock(out guard));
                wait = condition.WaitAsync(guard, source.Token);
            },
            () => condition.NotifyOne(),
            () => source.Cancel(),
            _ =>
            {
                source.Dispose();
                Assert.True(wait.IsCompleted);
                Assert.True(mutex.IsLocked);
                if (wait.IsCompletedSuccessfully)
                {
                    wait.GetAwaiter().GetResult();
                }
                else
                {
                    Assert.ThrowsAny<OperationCanceledException>(() => wait.GetAwaiter().GetResult());
                }

                guard.Dispose();
                Assert.False(mutex.IsLocked);
            });
    }

    [Fact]
    public Task A_queue_of_limited_size_made_with_two_conditions_loses_nothing() => InTime(async () =>
    {
        const int items = 1_000;
        var mutex = new AsyncMutex();
        var notFull = new AsyncCondition(mutex);
        var notEmpty = new AsyncCondition(mutex);
        var queue = new Queue<int>();
        var taken = new List<int>();
        await TaskScope.RunAsync(async scope =>
        {
            for (int producer = 0; producer < 2; producer++)
            {
                int first = producer * items;
                scope.Spawn(async ct =>
                {
                    for (int i = 0; i < items; i++)
                    {
                        using MutexGuard guard = await mutex.LockAsync(ct);
                        while (queue.Count == 3)
                        {
                            await notFull.WaitAsync(guard, ct);
                        }

                        queue.Enqueue(first + i);
                        notEmpty.NotifyOne();
                    }
                });
                scope.Spawn(async ct =>
                {
                    for (int i = 0; i < items; i++)
                    {
                        using MutexGuard guard = await mutex.LockAsync(ct);
                        while (queue.Count == 0)
                        {
                            await notEmpty.WaitAsync(guard, ct);
                        }

                        taken.Add(queue.Dequeue());
                        notFull.NotifyOne();
                    }
                });
            }
        });
        Assert.Equal(Enumerable.Range(0, 2 * items), taken.Order());
    });

    [Fact]
    public Task A_fiber_goes_on_where_its_scope_runs() => InTime(async () =>
    {
        using var thread = new DedicatedThread();
        var mutex = new AsyncMutex();
        var condition = new AsyncCondition(mutex, "go");
        await TaskScope.RunAsync(
            async scope =>
            {
                ChildTask child = scope.Spawn(
                    async ct =>
                    {
                        using MutexGuard mine = await mutex.LockAsync(ct);
                        await condition.WaitAsync(mine, ct);
                        Assert.True(thread.IsCurrent);
                    },
                    "waits");
                await Until(() => Find("waits").WaitsOn == "condition 'go'");
                condition.NotifyOne();
                await child;
            },
            new ScopeOptions { Executor = thread });
    });

    [Fact]
    public void Warm_it_allocates_nothing()
    {
        var mutex = new AsyncMutex();
        var condition = new AsyncCondition(mutex);
        using var source = new CancellationTokenSource();
        CancellationToken token = source.Token;
        Warm.AllocatesNothing(() =>
        {
            using MutexGuard guard = mutex.LockAsync(token).Result;
            ValueTask wait = condition.WaitAsync(guard, token);
            condition.NotifyOne();
            wait.GetAwaiter().GetResult();
        });
    }
}
