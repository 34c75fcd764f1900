// Waits that have ended are looked into by hand.
#pragma warning disable CA2012

namespace Treeline.Tests.Sync;

/// <summary>Locks, signals and limits as cases of one select.</summary>
public sealed class SyncCasesTests : TreeTest
{
    [Fact]
    public Task Whichever_comes_first_is_what_the_select_gives_and_the_others_are_as_they_were() => InTime(async () =>
    {
        var clock = new ManualTimeProvider();
        var mutex = new AsyncMutex();
        var semaphore = new AsyncSemaphore(2);
        var rwLock = new AsyncRwLock();
        var notify = new Notify();
        RateLimiter limiter = RateLimiter.SlidingWindow(1, TimeSpan.FromSeconds(1), clock);
        MutexGuard locked = await mutex.LockAsync();
        SemaphorePermit permit = await semaphore.AcquireAsync();
        RwLockGuard writing = await rwLock.WriteLockAsync();
        await limiter.AcquireAsync();
        Select<string> select = new Select<string>()
            .On(mutex.LockCase(), guard => Dispose(guard, "mutex"))
            .On(semaphore.AcquireCase(2), permits => Dispose(permits, "semaphore"))
            .On(rwLock.ReadLockCase(), guard => Dispose(guard, "read-write lock"))
            .On(notify.NotifiedCase(), static () => "notification")
            .On(limiter.AcquireCase(), static () => "rate limiter");
        foreach ((string name, Action release, Action takeAgain) in new (string, Action, Action)[]
        {
            ("mutex", () => locked.Dispose(), () => Assert.True(mutex.TryLock(out locked))),
            ("semaphore", () => permit.Dispose(), () => Assert.True(semaphore.TryAcquire(out permit))),
            ("read-write lock", () => writing.Dispose(), () => Assert.True(rwLock.TryWriteLock(out writing))),
            ("notification", notify.NotifyOne, static () => { }),
            ("rate limiter", () => clock.Advance(TimeSpan.FromSeconds(1)), static () => { }),
        })
        {
            ValueTask<string> wait = select.WaitAsync();
            Assert.False(wait.IsCompleted);
            release();
            Assert.Equal(name, await wait);
            takeAgain();
            Assert.True(mutex.IsLocked);
            Assert.Equal(1, semaphore.Available);
            Assert.True(rwLock is { IsWriteLocked: true, Readers: 0 });
            Assert.Equal(0, clock.Pending);
        }

        Assert.False(limiter.TryAcquire());
        locked.Dispose();
        permit.Dispose();
        writing.Dispose();
    });

    [Fact]
    public Task A_cancelled_select_holds_nothing() => InTime(async () =>
    {
        var mutex = new AsyncMutex();
        var semaphore = new AsyncSemaphore(1);
        using var source = new CancellationTokenSource();
        MutexGuard locked = await mutex.LockAsync();
        SemaphorePermit permit = await semaphore.AcquireAsync();
        ValueTask<bool> wait = new Select<bool>()
            .On(mutex.LockCase(), static _ => true)
            .On(semaphore.AcquireCase(), static _ => true)
            .WaitAsync(source.Token);
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await wait);
        locked.Dispose();
        permit.Dispose();
        Assert.False(mutex.IsLocked);
        Assert.Equal(1, semaphore.Available);
    });

    [Fact]
    public void Two_that_come_at_once_are_one_that_happened_and_one_that_did_not()
    {
        var mutex = new AsyncMutex();
        var semaphore = new AsyncSemaphore(1);
        MutexGuard locked = default;
        SemaphorePermit permit = default;
        ValueTask<IDisposable> wait = default;
        Select<IDisposable> select = new Select<IDisposable>()
            .On(mutex.LockCase(), static guard => guard)
            .On(semaphore.AcquireCase(), static permit => permit);
        Duel.Fight(
            () =>
            {
                Assert.True(mutex.TryLock(out locked));
                Assert.True(semaphore.TryAcquire(out permit));
                wait = select.WaitAsync();
            },
            () => locked.Dispose(),
            () => permit.Dispose(),
            _ =>
            {
                Assert.True(wait.IsCompletedSuccessfully);
                using IDisposable held = wait.Result;
                Assert.Equal(held is MutexGuard, mutex.IsLocked);
                Assert.Equal(held is SemaphorePermit ? 0 : 1, semaphore.Available);
            });
        Assert.False(mutex.IsLocked);
        Assert.Equal(1, semaphore.Available);
    }

    private static string Dispose(IDisposable held, string name)
    {
        held.Dispose();
        return name;
    }
}
