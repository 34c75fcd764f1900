using System.Collections.Concurrent;

namespace Treeline.Tests.Stress;

/// <summary>Line 10 of the contract, on real threads: here of the smallest primitive there is.</summary>
public sealed class WaitingIsCancelSafeStressTests : ContractStress
{
    [Fact]
    public Task Of_things_handed_to_waiters_who_give_up_none_is_lost_and_none_is_taken_twice() => InRounds(async random =>
    {
        int[] how = [.. Enumerable.Range(0, 8).Select(_ => random.Next(1_000))];
        var shelf = new Shelf();
        var taken = new ConcurrentBag<int>();
        await TaskScope.RunAsync(async scope =>
        {
            foreach (int own in how)
            {
                scope.Spawn(async _ =>
                {
                    using var gone = new CancellationTokenSource();
                    ValueTask<int> take = shelf.TakeAsync(gone.Token);
                    Task cancelling = gone.CancelAsync();
                    try
                    {
                        taken.Add(await take);
                    }
                    catch (OperationCanceledException)
                    {
                        // it took nothing
                    }

                    await cancelling;
                });
                int thing = own;
                scope.Spawn(_ =>
                {
                    shelf.Put(thing);
                    return Task.CompletedTask;
                });
            }

            await DawdleAsync(how[0]);
        });
        Assert.Equal(how.Order(), taken.Concat(shelf.Left).Order());
    });

    /// <summary>Holds things, and those who wait for one.</summary>
    private sealed class Shelf : IWaitQueue
    {
        private readonly Queue<int> _things = new();
        private Gate _gate;
        private WaiterList<int> _waiters;

        public IEnumerable<int> Left => _things;

        public ValueTask<int> TakeAsync(CancellationToken cancellationToken)
        {
            Waiter<int> waiter;
            using (_gate.Enter())
            {
                if (_things.TryDequeue(out int thing))
                {
                    return ValueTask.FromResult(thing);
                }

                _waiters.Add(waiter = Waiter<int>.Rent(this, cancellationToken));
            }

            return waiter.AsValueTask();
        }

        public void Put(int thing)
        {
            Waiter<int>? waiter;
            using (_gate.Enter())
            {
                if (!_waiters.TryPopClaimed(out waiter))
                {
                    _things.Enqueue(thing);
                    return;
                }
            }

            waiter.Complete(thing);
        }

        void IWaitQueue.Remove(WaiterBase waiter)
        {
            using (_gate.Enter())
            {
                _waiters.Remove((Waiter<int>)waiter);
            }
        }
    }
}
