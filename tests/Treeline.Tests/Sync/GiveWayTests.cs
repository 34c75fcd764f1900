namespace Treeline.Tests.Sync;

/// <summary>Whoever has used up the budget gives way before taking a lock, and holds nothing meanwhile.</summary>
public sealed class GiveWayTests : TreeTest, IOnASingleThread
{
    [Fact]
    public Task A_mutex() => InTime(() =>
    {
        var mutex = new AsyncMutex();
        return GivesWayAsync(mutex.LockAsync, () => !mutex.IsLocked);
    });

    [Fact]
    public Task A_semaphore() => InTime(() =>
    {
        var semaphore = new AsyncSemaphore(2);
        return GivesWayAsync(semaphore.AcquireAsync, () => semaphore.Available == 2);
    });

    [Fact]
    public Task A_lock_for_reading() => InTime(() =>
    {
        var rwLock = new AsyncRwLock();
        return GivesWayAsync(rwLock.ReadLockAsync, () => rwLock.Readers == 0);
    });

    [Fact]
    public Task A_lock_for_writing() => InTime(() =>
    {
        var rwLock = new AsyncRwLock();
        return GivesWayAsync(rwLock.WriteLockAsync, () => !rwLock.IsWriteLocked);
    });

    private static async Task GivesWayAsync<T>(Func<CancellationToken, ValueTask<T>> take, Func<bool> isFree)
        where T : IDisposable
    {
        WorkerThread.Current.Budget = 0;
        ValueTask<T> wait = take(CancellationToken.None);
        Assert.False(wait.IsCompleted);
        Assert.True(isFree());
        using (await wait)
        {
            Assert.False(isFree());
        }

        Assert.True(isFree());
    }
}
