namespace Treeline;

/// <summary>A stream that a child reads ahead of its one consumer, in a scope that lives as long as it is consumed.</summary>
/// <remarks>
/// The consumer: <c>while (await MoreAsync()) { … Feed.Take() … }</c>, then <see cref="JoinAsync"/>, from which a failure of
/// the stream surfaces: after all that came before it. Who stops early disposes it, which cancels the child and waits for it.
/// </remarks>
/// <typeparam name="T">What the child makes of each item.</typeparam>
internal sealed class ReadAhead<T> : IAsyncDisposable
{
    private readonly TaskScope _scope;
    private bool _cutShort;

    private ReadAhead(TaskScope scope, Feed<T> feed)
    {
        _scope = scope;
        Feed = feed;
        Clock = scope.Clock;
    }

    /// <summary>What has been read and not been taken.</summary>
    public Feed<T> Feed { get; }

    /// <summary>Measures the time here.</summary>
    public TimeProvider Clock { get; }

    // Whoever is cancelled gets no more. After a failure of the stream itself, what came before it is still given.
    private bool IsCancelled =>
        _scope.Cause is { } cause && !(cause.Kind == CancelKind.Failure && ReferenceEquals(cause.Origin, _scope));

    /// <summary>Begins to read.</summary>
    /// <param name="source">The stream.</param>
    /// <param name="make">Makes of an item what is fed. The child calls it when the item has come.</param>
    /// <param name="feed">Where it goes.</param>
    /// <param name="combination">Whose scope it is.</param>
    /// <param name="cancellationToken">The consumer's.</param>
    public static ReadAhead<T> Open<TSource>(
        IAsyncEnumerable<TSource> source,
        Func<TSource, TimeProvider, T> make,
        Feed<T> feed,
        Combination combination,
        CancellationToken cancellationToken)
    {
        var ahead = new ReadAhead<T>(combination.Open(cancellationToken), feed);
        ChildTask child = combination.Spawn<Nothing>(
            ahead._scope, (CancellationToken token) => ahead.ReadAsync(source, make, token), 0, "source");
        if (!child.TryJoin(feed))
        {
            feed.End();
        }

        return ahead;
    }

    /// <summary>
    /// Waits until there is something to take; false: there will be nothing more.
    /// Cancellation: that of the scope, once the child has ended.
    /// </summary>
    public ValueTask<bool> MoreAsync() =>
        IsCancelled && !(Feed.HasEnded && Feed.Count == 0) && IsCutShort() ? new ValueTask<bool>(false) : Feed.WaitAsync();

    /// <summary>Waits until there are so many, or there will be no more, or the time has passed.</summary>
    public ValueTask<bool> GatherAsync(int items, TimeSpan limit) => Feed.WaitAsync(items, limit, Clock);

    /// <summary>Asked by a consumer that has something yet to give: whether it is to leave it, because it was cancelled.</summary>
    public bool IsCutShort() => _cutShort |= IsCancelled;

    /// <summary>Waits for the end of the child, and throws what surfaces from it.</summary>
    public async Task JoinAsync(CancellationToken cancellationToken)
    {
        await _scope.JoinAsync().ConfigureAwait(SchedulerContext.IsCurrent);
        if (_cutShort)
        {
            // The child had read all of it, but not all of it gets to the consumer.
            cancellationToken.ThrowIfCancellationRequested();
            throw new OperationCanceledException(_scope.CancelReason, _scope.Token);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _scope.DisposeAsync();

    private async Fiber ReadAsync<TSource>(
        IAsyncEnumerable<TSource> source, Func<TSource, TimeProvider, T> make, CancellationToken cancellationToken)
    {
        await foreach (TSource item in source.WithCancellation(cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent))
        {
            T made = make(item, Clock);
            while (!Feed.TryPut(made))
            {
                await Feed.WaitForRoom(cancellationToken);
            }

            if (!Budget.TryConsume())
            {
                await Fiber.Yield();
            }
        }
    }
}
