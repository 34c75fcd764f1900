using Treeline.TestSupport.Linearizability;

namespace Treeline.TestSupport.Sync;

/// <summary>What one of several callers does to each primitive, at random; and the check of what all of them saw.</summary>
/// <param name="history">Where it is noted.</param>
/// <param name="dawdle">Lets others go first.</param>
/// <param name="mayGiveWay">As in <see cref="Callers"/>.</param>
internal sealed class Crowd(History history, Func<Task> dawdle, bool mayGiveWay = false)
{
    /// <summary>How many callers there are; what they do fits the checker.</summary>
    public const int Size = 3;

    private const int Rounds = 3;
    private readonly Callers _callers = new(history, dawdle, mayGiveWay);

    public async Task UseAsync(AsyncMutex mutex, int caller, Random random)
    {
        for (int round = 0; round < Rounds; round++)
        {
            await dawdle();
            int id = (caller * Rounds) + round;
            await (random.Next(4) == 0
                ? _callers.TryHoldAsync<MutexGuard>(id, 1, mutex.TryLock)
                : _callers.HoldAsync(id, 1, random.Next(3) == 0, mutex.LockAsync));
        }
    }

    public async Task UseAsync(AsyncSemaphore semaphore, int most, int caller, Random random)
    {
        for (int round = 0; round < Rounds; round++)
        {
            await dawdle();
            int id = (caller * Rounds) + round;
            int count = random.Next(most) + 1;
            await (random.Next(4) == 0
                ? _callers.TryHoldAsync(id, count, (out SemaphorePermit permit) => semaphore.TryAcquire(count, out permit))
                : _callers.HoldAsync(id, count, random.Next(3) == 0, ct => semaphore.AcquireAsync(count, ct)));
        }
    }

    public async Task UseAsync(AsyncRwLock rwLock, int caller, Random random)
    {
        for (int round = 0; round < Rounds; round++)
        {
            await dawdle();
            int id = (caller * Rounds) + round;
            bool writes = random.Next(2) == 0;
            await (random.Next(4) == 0
                ? _callers.TryHoldAsync<RwLockGuard>(id, writes, writes ? rwLock.TryWriteLock : rwLock.TryReadLock)
                : _callers.HoldAsync<RwLockGuard>(id, writes, random.Next(3) == 0, writes ? rwLock.WriteLockAsync : rwLock.ReadLockAsync));
        }
    }

    public async Task UseAsync(Notify notify, int caller, Random random)
    {
        for (int round = 0; round < Rounds; round++)
        {
            await dawdle();
            if (random.Next(2) == 0)
            {
                bool all = random.Next(4) == 0;
                Operation operation = history.Invoke(all ? "all" : "one");
                (all ? (Action)notify.NotifyAll : notify.NotifyOne)();
                history.Return(operation);
            }

            // All give up in the end, or nobody might be left to wake them.
            await _callers.WaitAsync((caller * Rounds) + round, "notification", givesUp: true, async ct =>
            {
                await notify.NotifiedAsync(ct);
                return true;
            });
        }
    }

    public async Task UseAsync(OnceCell<int> cell, int caller, Random random)
    {
        for (int round = 0; round < Rounds; round++)
        {
            await dawdle();
            int id = (caller * Rounds) + round;
            if (random.Next(6) == 0)
            {
                history.Record("set", id, () => cell.TrySet(id));
            }
            else
            {
                await GetAsync(cell, id, fails: random.Next(3) > 0, givesUp: random.Next(3) == 0);
            }
        }
    }

    private async Task GetAsync(OnceCell<int> cell, int id, bool fails, bool givesUp)
    {
        using var source = new CancellationTokenSource();
        Operation get = history.Invoke("get", id);

        // The turn is taken some time between the call and the beginning of what makes the value, and given back after that has ended.
        Operation begin = history.Invoke("begin", id);
        Operation? end = null;
        ValueTask<int> value = cell.GetOrInitAsync(
            async Task<int> (_) =>
            {
                history.Return(begin);
                await dawdle();
                end = history.Invoke("end", (id, fails ? (int?)null : id));
                return fails ? throw new InvalidOperationException("could not be made") : id;
            },
            source.Token);
        Task cancelling = givesUp ? CancelAsync(source) : Task.CompletedTask;
        try
        {
            history.Return(get, await value);
        }
        catch (Exception e) when (e is InvalidOperationException or OperationCanceledException)
        {
            history.Return(get, Operation.Cancelled);
        }

        if (end is null)
        {
            history.Return(begin, Operation.Cancelled);
        }
        else
        {
            history.Return(end);
        }

        await cancelling;
    }

    private async Task CancelAsync(CancellationTokenSource source)
    {
        await dawdle();
        source.Cancel();
    }
}
