namespace Treeline;

/// <summary>
/// The loop behind <c>ForEachAsync</c> and <c>MapAsync</c>: some workers that take turns at one supply of items. A child of
/// the scope is a worker, not an item.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> Who has the <see cref="Turn"/> owns the supply, <c>_next</c> and <c>_exhausted</c>. A worker starts the
/// next one after it has got its first item, so there are never more than there was work for; only the newest worker writes
/// <c>_workers</c>. The body of the scope waits for the ends of the workers, counted as they come: a worker has started its
/// successor before it ends, so when as many have ended as were started, there will be no more. Then it closes the supply.
/// </remarks>
/// <param name="supply">What to take items from.</param>
/// <param name="maxConcurrency">How many workers at most.</param>
/// <param name="body">Gets the item, and its number from 0.</param>
/// <param name="combination">Whose loop it is.</param>
internal sealed class ItemLoop<T>(
    Supply<T> supply, int maxConcurrency, Func<T, long, CancellationToken, Fiber> body, Combination combination)
{
    private readonly Arrivals<Nothing> _ended = new("the items in work");
    private readonly Turn _turn = new("the next item");
    private TaskScope _scope = null!;
    private int _workers;
    private long _next;
    private bool _exhausted;

    /// <summary>Runs the loop in <paramref name="scope"/>, a fail-fast one, which throws the failures.</summary>
    public async Fiber RunAsync(TaskScope scope)
    {
        _scope = scope;
        supply.Open(scope.Token);
        try
        {
            StartWorker();
            int ended = 0;
            do
            {
                while (!_ended.TryTake(out _))
                {
                    await _ended.Wait();
                }
            }
            while (++ended < Volatile.Read(ref _workers));
        }
        finally
        {
            await supply.CloseAsync();
        }
    }

    private void StartWorker()
    {
        Volatile.Write(ref _workers, _workers + 1);
        _ended.PostAtEndOf(combination.SpawnUnnamed(_scope, WorkAsync), default);
    }

    private async Fiber WorkAsync(CancellationToken cancellationToken)
    {
        bool isNewest = true;
        while (true)
        {
            while (!_turn.TryEnter())
            {
                await _turn.Wait(cancellationToken);
            }

            T item;
            long number;
            bool more = false;
            try
            {
                if (_exhausted)
                {
                    return;
                }

                cancellationToken.ThrowIfCancellationRequested();
                if (!supply.TryMoveNext(out more))
                {
                    more = await supply.MoveNextAsync();
                }

                if (!more)
                {
                    return;
                }

                item = supply.Current;
                number = _next++;
            }
            finally
            {
                // Also when it threw: a supply that has failed is not asked again.
                _exhausted = !more;
                _turn.Leave();
            }

            if (isNewest)
            {
                isNewest = false;
                if (_workers < maxConcurrency)
                {
                    StartWorker();
                }
            }

            await body(item, number, cancellationToken);
            if (!Budget.TryConsume())
            {
                await Fiber.Yield();
            }
        }
    }
}
