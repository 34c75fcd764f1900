namespace Treeline.Tests.Contract;

/// <summary>A wait of a primitive that does not end by itself, and how it is seen that, cancelled, it took nothing.</summary>
/// <param name="Begin">Begins to wait.</param>
/// <param name="CheckNothingTaken">Fails if what was cancelled took, holds or left anything.</param>
public sealed record CancelSafeWait(Func<CancellationToken, Task> Begin, Func<Task> CheckNothingTaken)
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    /// <summary>Each kind of wait there is, made anew.</summary>
    public static IReadOnlyDictionary<string, Func<CancelSafeWait>> All { get; } = new Dictionary<string, Func<CancelSafeWait>>
    {
        ["receive from a channel"] = () => FromChannel((receiver, ct) => receiver.ReceiveAsync(ct).AsTask()),
        ["receive a batch"] = () => FromChannel((receiver, ct) => receiver.ReceiveBatchAsync(new int[4], ct).AsTask()),
        ["read a channel as a stream"] = () =>
            FromChannel((receiver, ct) => receiver.GetAsyncEnumerator(ct).MoveNextAsync().AsTask()),
        ["select"] = () => FromChannel((receiver, ct) => new Select<int>()
            .On(receiver.ReceiveCase(), static item => item)
            .On(Mpsc.Unbounded<int>().Receiver.ReceiveCase(), static item => item)
            .WaitAsync(ct).AsTask()),
        ["send to a full channel"] = () => ToFullChannel((sender, ct) => sender.SendAsync(2, ct).AsTask()),
        ["send a batch"] = () => ToFullChannel((sender, ct) => sender.SendBatchAsync(new int[] { 2 }, ct).AsTask()),
        ["reserve a place"] = () => ToFullChannel((sender, ct) => sender.ReserveAsync(ct).AsTask()),
        ["select among sends"] = () => ToFullChannel((sender, ct) => new Select<int>()
            .On(sender.SendCase(2), static () => 2)
            .On(sender.ReserveCase(), static _ => 3)
            .WaitAsync(ct).AsTask()),
        ["oneshot"] = () =>
        {
            (OneshotSender<int> sender, OneshotReceiver<int> receiver) = Oneshot.Create<int>();
            return new(ct => receiver.ReceiveAsync(ct).AsTask(), () =>
            {
                Assert.True(sender.TrySend(1));
                Assert.True(receiver.TryReceive(out int item));
                Assert.Equal(1, item);
                return Task.CompletedTask;
            });
        },
        ["broadcast"] = () =>
        {
            BroadcastSender<int> sender = Broadcast.Create<int>(4);
            BroadcastReceiver<int> receiver = sender.Subscribe();
            return new(ct => receiver.ReceiveAsync(ct).AsTask(), () =>
            {
                sender.Send(1);
                Assert.True(receiver.TryReceive(out int item));
                Assert.Equal(1, item);
                return Task.CompletedTask;
            });
        },
        ["watch"] = () =>
        {
            WatchSender<int> sender = Watch.Create(0);
            WatchReceiver<int> receiver = sender.Subscribe();
            return new(ct => receiver.ChangedAsync(ct).AsTask(), async () =>
            {
                sender.Send(1);
                Assert.True(receiver.HasChanged);
                Assert.Equal(1, await receiver.ChangedAsync());
            });
        },
        ["mutex"] = () =>
        {
            var mutex = new AsyncMutex();
            Assert.True(mutex.TryLock(out MutexGuard held));
            return new(ct => mutex.LockAsync(ct).AsTask(), () =>
            {
                held.Dispose();
                Assert.False(mutex.IsLocked);
                return Task.CompletedTask;
            });
        },
        ["lock to read"] = () =>
        {
            var rwLock = new AsyncRwLock();
            Assert.True(rwLock.TryWriteLock(out RwLockGuard held));
            return new(ct => rwLock.ReadLockAsync(ct).AsTask(), () =>
            {
                held.Dispose();
                Assert.True(rwLock.TryWriteLock(out _));
                return Task.CompletedTask;
            });
        },
        ["lock to write"] = () =>
        {
            var rwLock = new AsyncRwLock();
            Assert.True(rwLock.TryReadLock(out RwLockGuard held));
            return new(ct => rwLock.WriteLockAsync(ct).AsTask(), () =>
            {
                Assert.True(rwLock.TryReadLock(out RwLockGuard other)); // no writer stands in line
                held.Dispose();
                other.Dispose();
                Assert.True(rwLock.TryWriteLock(out _));
                return Task.CompletedTask;
            });
        },
        ["semaphore"] = () =>
        {
            var semaphore = new AsyncSemaphore(2);
            Assert.True(semaphore.TryAcquire(out SemaphorePermit held));
            return new(ct => semaphore.AcquireAsync(2, ct).AsTask(), () =>
            {
                Assert.True(semaphore.TryAcquire(out SemaphorePermit other)); // nobody stands in line
                other.Dispose();
                held.Dispose();
                Assert.Equal(2, semaphore.Available);
                return Task.CompletedTask;
            });
        },
        ["notification"] = () =>
        {
            var notify = new Notify();
            return new(ct => notify.NotifiedAsync(ct).AsTask(), async () =>
            {
                notify.NotifyOne();
                await notify.NotifiedAsync();
            });
        },
        ["barrier"] = () =>
        {
            var barrier = new AsyncBarrier(2);
            return new(ct => barrier.ArriveAsync(ct).AsTask(), () =>
            {
                Assert.Equal(0, barrier.Arrived);
                return Task.CompletedTask;
            });
        },
        ["condition"] = () =>
        {
            var mutex = new AsyncMutex();
            var condition = new AsyncCondition(mutex);
            Assert.True(mutex.TryLock(out MutexGuard guard));
            return new(ct => condition.WaitAsync(guard, ct).AsTask(), () =>
            {
                Assert.True(mutex.IsLocked); // by the one who waited
                guard.Dispose();
                Assert.False(mutex.IsLocked);
                return Task.CompletedTask;
            });
        },
        ["value that another makes"] = () =>
        {
            var cell = new OnceCell<int>();
            var made = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
            Task<int> making = cell.GetOrInitAsync(_ => made.Task).AsTask();
            return new(ct => cell.GetOrInitAsync(static _ => Task.FromResult(2), ct).AsTask(), async () =>
            {
                made.SetResult(1);
                Assert.Equal(1, await making);
                Assert.True(cell.TryGet(out int value));
                Assert.Equal(1, value);
            });
        },
        ["rate limiter"] = () =>
        {
            var clock = new ManualTimeProvider();
            RateLimiter limiter = RateLimiter.TokenBucket(1, s_second, timeProvider: clock);
            Assert.True(limiter.TryAcquire());
            return new(ct => limiter.AcquireAsync(ct).AsTask(), () =>
            {
                clock.Advance(s_second);
                Assert.True(limiter.TryAcquire());
                return Task.CompletedTask;
            });
        },
        ["delay"] = () =>
        {
            var clock = new ManualTimeProvider();
            return new(ct => Clock.Delay(s_second, clock, ct).AsTask(), () =>
            {
                Assert.Equal(0, clock.Pending);
                return Task.CompletedTask;
            });
        },
        ["tick"] = () =>
        {
            var clock = new ManualTimeProvider();
            var interval = new Interval(s_second, timeProvider: clock);
            return new(ct => interval.TickAsync(ct).AsTask(), async () =>
            {
                clock.Advance(s_second);
                await interval.TickAsync();
            });
        },
    };

    private static CancelSafeWait FromChannel(Func<MpscReceiver<int>, CancellationToken, Task> begin)
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(4);
        return new(ct => begin(receiver, ct), () =>
        {
            Assert.Equal(SendResult.Sent, sender.TrySend(1));
            Assert.True(receiver.TryReceive(out int item));
            Assert.Equal(1, item);
            return Task.CompletedTask;
        });
    }

    private static CancelSafeWait ToFullChannel(Func<MpscSender<int>, CancellationToken, Task> begin)
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        Assert.Equal(SendResult.Sent, sender.TrySend(1));
        return new(ct => begin(sender, ct), () =>
        {
            Assert.True(receiver.TryReceive(out int item));
            Assert.Equal(1, item);
            Assert.False(receiver.TryReceive(out _));
            Assert.Equal(SendResult.Sent, sender.TrySend(3)); // the place is free
            return Task.CompletedTask;
        });
    }
}
