// Waits that have ended are looked into by hand.
#pragma warning disable CA2012

namespace Treeline.Tests.Sync;

public sealed class AsyncRwLockTests : TreeTest
{
    [Fact]
    public Task Readers_share_it_and_a_writer_has_it_alone() => InTime(async () =>
    {
        var rwLock = new AsyncRwLock();
        RwLockGuard one = await rwLock.ReadLockAsync();
        Assert.True(rwLock.TryReadLock(out RwLockGuard other));
        Assert.Equal(2, rwLock.Readers);
        Assert.False(rwLock.TryWriteLock(out _));
        one.Dispose();
        other.Dispose();
        Assert.True(rwLock.TryWriteLock(out RwLockGuard writer));
        Assert.True(rwLock.IsWriteLocked);
        Assert.False(rwLock.TryReadLock(out _));
        Assert.False(rwLock.TryWriteLock(out _));
        writer.Dispose();
        Assert.False(rwLock.IsWriteLocked);
    });

    [Fact]
    public Task A_guard_unlocks_once_whatever_copies_there_are() => InTime(async () =>
    {
        var rwLock = new AsyncRwLock();
        RwLockGuard one = await rwLock.ReadLockAsync();
        RwLockGuard other = await rwLock.ReadLockAsync();
        RwLockGuard copy = one;
        one.Dispose();
        copy.Dispose();
        one.Dispose();
        default(RwLockGuard).Dispose();
        Assert.Equal(1, rwLock.Readers);
        other.Dispose();
        RwLockGuard writer = await rwLock.WriteLockAsync();
        other.Dispose();
        Assert.True(rwLock.IsWriteLocked);
        writer.Dispose();
    });

    [Fact]
    public Task While_both_wait_reading_and_writing_take_turns() => InTime(async () =>
    {
        var rwLock = new AsyncRwLock();
        RwLockGuard reading = await rwLock.ReadLockAsync();
        ValueTask<RwLockGuard> firstWriter = rwLock.WriteLockAsync();
        ValueTask<RwLockGuard> secondWriter = rwLock.WriteLockAsync();
        ValueTask<RwLockGuard>[] readers = [.. Enumerable.Range(0, 3).Select(_ => rwLock.ReadLockAsync())];
        Assert.False(rwLock.TryReadLock(out _));
        Assert.All(readers, static reader => Assert.False(reader.IsCompleted));

        reading.Dispose();
        Assert.True(firstWriter.IsCompletedSuccessfully);
        Assert.False(secondWriter.IsCompleted);
        ValueTask<RwLockGuard> lateReader = rwLock.ReadLockAsync();

        // Every reader that waits, before or after the next writer.
        (await firstWriter).Dispose();
        Assert.All([.. readers, lateReader], static reader => Assert.True(reader.IsCompletedSuccessfully));
        Assert.False(secondWriter.IsCompleted);
        ValueTask<RwLockGuard> nextPhase = rwLock.ReadLockAsync();
        Assert.False(nextPhase.IsCompleted);

        foreach (ValueTask<RwLockGuard> reader in (ValueTask<RwLockGuard>[])[.. readers, lateReader])
        {
            Assert.False(secondWriter.IsCompleted);
            (await reader).Dispose();
        }

        Assert.True(secondWriter.IsCompletedSuccessfully);
        Assert.False(nextPhase.IsCompleted);
        (await secondWriter).Dispose();
        (await nextPhase).Dispose();
        Assert.Equal(0, rwLock.Readers);
    });

    [Fact]
    public Task Writers_have_it_in_the_order_they_came() => InTime(async () =>
    {
        var rwLock = new AsyncRwLock();
        RwLockGuard guard = await rwLock.WriteLockAsync();
        ValueTask<RwLockGuard>[] waits = [.. Enumerable.Range(0, 100).Select(_ => rwLock.WriteLockAsync())];
        foreach (ValueTask<RwLockGuard> wait in waits)
        {
            Assert.False(wait.IsCompleted);
            guard.Dispose();
            Assert.True(wait.IsCompletedSuccessfully);
            guard = await wait;
        }

        guard.Dispose();
        Assert.False(rwLock.IsWriteLocked);
    });

    [Fact]
    public Task When_the_last_writer_in_line_gives_up_the_readers_behind_it_join_those_who_read() => InTime(async () =>
    {
        var rwLock = new AsyncRwLock("table");
        using var source = new CancellationTokenSource();
        RwLockGuard reading = await rwLock.ReadLockAsync();
        ValueTask<RwLockGuard> one = rwLock.WriteLockAsync(source.Token);
        ValueTask<RwLockGuard> other = rwLock.WriteLockAsync(source.Token);
        ValueTask<RwLockGuard> reader = rwLock.ReadLockAsync();
        Assert.False(reader.IsCompleted);
        source.Cancel();
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await one);
        Assert.Equal("The wait for read-write lock 'table', to write was cancelled; it took nothing.", error.Message);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await other);
        Assert.True(reader.IsCompletedSuccessfully);
        Assert.Equal(2, rwLock.Readers);
        (await reader).Dispose();
        reading.Dispose();
        Assert.True(rwLock.TryWriteLock(out _));
    });

    [Fact]
    public Task A_reader_that_gives_up_does_not_read() => InTime(async () =>
    {
        var rwLock = new AsyncRwLock();
        using var source = new CancellationTokenSource();
        RwLockGuard writing = await rwLock.WriteLockAsync();
        ValueTask<RwLockGuard> gone = rwLock.ReadLockAsync(source.Token);
        ValueTask<RwLockGuard> stays = rwLock.ReadLockAsync();
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await gone);
        writing.Dispose();
        Assert.Equal(1, rwLock.Readers);
        (await stays).Dispose();
    });

    [Fact]
    public Task A_token_that_is_cancelled_already_cancels_even_if_the_lock_is_free() => InTime(async () =>
    {
        var rwLock = new AsyncRwLock();
        var cancelled = new CancellationToken(true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await rwLock.ReadLockAsync(cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await rwLock.WriteLockAsync(cancelled));
        Assert.True(rwLock.TryWriteLock(out _));
    });

    [Fact]
    public void Unlocked_and_cancelled_at_once_the_writer_has_it_or_the_reader_behind_it()
    {
        var rwLock = new AsyncRwLock();
        RwLockGuard reading = default;
        ValueTask<RwLockGuard> writer = default;
        ValueTask<RwLockGuard> reader = default;
        CancellationTokenSource source = new();
        Duel.Fight(
            () =>
            {
                source = new CancellationTokenSource();
                Assert.True(rwLock.TryReadLock(out reading));
                writer = rwLock.WriteLockAsync(source.Token);
                reader = rwLock.ReadLockAsync();
            },
            () => reading.Dispose(),
            () => source.Cancel(),
            _ =>
            {
                source.Dispose();
                Assert.True(writer.IsCompleted);
                Assert.Equal(writer.IsCompletedSuccessfully, rwLock.IsWriteLocked);
                Assert.Equal(writer.IsCompletedSuccessfully, !reader.IsCompleted);
                if (writer.IsCompletedSuccessfully)
                {
                    writer.Result.Dispose();
                }
                else
                {
                    Assert.ThrowsAny<OperationCanceledException>(() => writer.Result);
                }

                reader.Result.Dispose();
                Assert.True(rwLock.TryWriteLock(out RwLockGuard free));
                free.Dispose();
            });
    }

    [Fact]
    public Task A_fiber_goes_on_where_its_scope_runs_and_is_shown_with_who_reads() => InTime(async () =>
    {
        using var thread = new DedicatedThread();
        var rwLock = new AsyncRwLock("table");
        TaskCompletionSource enough = Signal();
        TaskCompletionSource has = Signal();
        await TaskScope.RunAsync(
            async scope =>
            {
                scope.Spawn(
                    async ct =>
                    {
                        using RwLockGuard reading = await rwLock.ReadLockAsync(ct);
                        has.SetResult();
                        await enough.Task;
                    },
                    "has");
                await has.Task;
                ChildTask child = scope.Spawn(
                    async ct =>
                    {
                        using RwLockGuard writing = await rwLock.WriteLockAsync(ct);
                        Assert.True(thread.IsCurrent);
                    },
                    "wants");
                await Until(() => Find("wants").WaitsOn is not null);
                Assert.Equal("read-write lock 'table', to write, held by top/has", Find("wants").WaitsOn);
                enough.SetResult();
                await child;
            },
            new ScopeOptions { Executor = thread },
            name: "top");
    });

    [Fact]
    public Task In_a_select_a_writer_that_loses_lets_the_readers_behind_it_in() => InTime(async () =>
    {
        var one = new AsyncRwLock();
        var other = new AsyncRwLock();
        RwLockGuard writing = await one.WriteLockAsync();
        RwLockGuard reading = await other.ReadLockAsync();
        Waiter<WaiterBase> cell = SelectCell.Rent(queue: null);
        Waiter<RwLockGuard> wins = cell.Enter(one.ReadLockCase());
        Waiter<RwLockGuard> loses = cell.Enter(other.WriteLockCase());
        ValueTask<WaiterBase> select = cell.AsValueTask();
        ValueTask<RwLockGuard> behind = other.ReadLockAsync();
        writing.Dispose();
        Assert.Same(wins, await select);
        Assert.False(behind.IsCompleted);
        loses.Lose();
        Assert.True(behind.IsCompletedSuccessfully);
        (await behind).Dispose();
        reading.Dispose();
        Assert.Equal(1, one.Readers);
        wins.TakeWon().Dispose();
        Assert.Equal(0, one.Readers);
    });

    [Fact]
    public Task In_a_select_a_free_one_is_taken_at_once() => InTime(async () =>
    {
        var rwLock = new AsyncRwLock();
        Waiter<WaiterBase> cell = SelectCell.Rent(queue: null);
        Waiter<RwLockGuard> wins = cell.Enter(rwLock.ReadLockCase());
        Waiter<RwLockGuard> late = cell.Enter(rwLock.ReadLockCase());
        Assert.Equal(1, rwLock.Readers);
        Assert.Same(wins, await cell.AsValueTask());
        late.Lose();
        wins.TakeWon().Dispose();
        Assert.Equal(0, rwLock.Readers);
    });

    [Fact]
    public void Warm_it_allocates_nothing()
    {
        var rwLock = new AsyncRwLock();
        using var source = new CancellationTokenSource();
        CancellationToken token = source.Token;
        Warm.AllocatesNothing(() =>
        {
            RwLockGuard reading = rwLock.ReadLockAsync(token).Result;
            ValueTask<RwLockGuard> writer = rwLock.WriteLockAsync(token);
            ValueTask<RwLockGuard> reader = rwLock.ReadLockAsync(token);
            reading.Dispose();
            writer.Result.Dispose();
            reader.Result.Dispose();
        });
    }
}
