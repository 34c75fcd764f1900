namespace Treeline;

/// <summary>The stream of one of the consumers of a broadcast.</summary>
/// <remarks>
/// A type of its own, because who begins has come, and may be cancelled already: the others are not to wait for it.
/// </remarks>
/// <typeparam name="T">The type of the items.</typeparam>
internal sealed class FanPlace<T>(Fan<T> fan, Combination combination) : IAsyncEnumerable<T>
{
    private bool _taken;

    /// <inheritdoc/>
    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        Fan<T>.ReadAsync(Join, combination, cancellationToken);

    private Fan<T> Join(Feed<T> feed, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _taken, true))
        {
            throw new InvalidOperationException(
                "This stream of a broadcast has been read already. Each is for one consumer, once: ask for one more, or use Share.");
        }

        fan.TryJoin(feed); // it is not over before all have joined
        return fan;
    }
}
