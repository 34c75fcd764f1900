namespace Treeline;

/// <summary>A <see cref="Lane"/> with its item.</summary>
/// <typeparam name="T">The type of the items.</typeparam>
internal sealed class Lane<T>(IAsyncEnumerable<T> stream, Arrivals<Lane?> arrivals) : Lane(arrivals)
{
    /// <summary>The item that was taken last.</summary>
    public T Current { get; private set; } = default!;

    protected override async Fiber ReadAsync(CancellationToken cancellationToken)
    {
        await ToldAsync(cancellationToken);
        await foreach (T item in stream.WithCancellation(cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent))
        {
            Current = item;
            Arrivals.Post(this);
            await ToldAsync(cancellationToken);
        }
    }
}
