namespace Treeline.Testing.Tests.Contract;

/// <summary>Line 10 of the contract, under many schedules: here of the smallest primitive there is.</summary>
public sealed class WaitingIsCancelSafeSchedules
{
    [Fact]
    public void Of_things_handed_to_waiters_that_may_give_up_none_is_lost_and_none_is_taken_twice() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            const int things = 3;
            var shelf = new Shelf();
            using var gone = new CancellationTokenSource();
            var taken = new List<int>();
            int gaveUp = 0;
            await TaskScope.RunAsync(async scope =>
            {
                for (int i = 0; i < 4; i++)
                {
                    bool mayGiveUp = i % 2 == 0;
                    scope.Spawn(async _ =>
                    {
                        await run.DawdleAsync();
                        try
                        {
                            taken.Add(await shelf.Take(mayGiveUp ? run.Time : null, mayGiveUp ? gone.Token : CancellationToken.None));
                        }
                        catch (Exception e) when (e is OperationCanceledException or TimeoutException)
                        {
                            Assert.True(mayGiveUp);
                            gaveUp++;
                        }
                    });
                }

                scope.Spawn(async _ =>
                {
                    await run.DawdleAsync();
                    gone.Cancel();
                });
                for (int i = 0; i < things; i++)
                {
                    await run.DawdleAsync();
                    if (run.Random.Next(3) == 0)
                    {
                        await Task.Delay(TimeSpan.FromSeconds(1), run.Time, CancellationToken.None);
                    }

                    shelf.Put(i);
                }

                shelf.Put(things); // so that the last who does not give up gets one
            });
            Assert.Equal(4, taken.Count + gaveUp);
            Assert.Equal(Enumerable.Range(0, things + 1), taken.Concat(shelf.Left).Order());
        });

    /// <summary>Holds things, and those who wait for one.</summary>
    private sealed class Shelf : IWaitQueue
    {
        private readonly Queue<int> _things = new();
        private WaiterList<int> _waiters;

        public IEnumerable<int> Left => _things;

        public WaitAwaitable<int> Take(TimeProvider? clock, CancellationToken cancellationToken)
        {
            if (_things.TryDequeue(out int thing))
            {
                return new WaitAwaitable<int>(thing);
            }

            Waiter<int> waiter = Waiter<int>.Rent(this, cancellationToken);
            if (clock is not null)
            {
                waiter.LimitTo(clock, TimeSpan.FromSeconds(1));
            }

            _waiters.Add(waiter);
            return waiter.AsAwaitable();
        }

        public void Put(int thing)
        {
            if (_waiters.TryPopClaimed(out Waiter<int>? waiter))
            {
                waiter.Complete(thing);
            }
            else
            {
                _things.Enqueue(thing);
            }
        }

        void IWaitQueue.Remove(WaiterBase waiter) => _waiters.Remove((Waiter<int>)waiter);
    }
}
