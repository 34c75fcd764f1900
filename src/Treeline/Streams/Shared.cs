namespace Treeline;

/// <summary>A stream that is read once for all who are reading it, whoever they are.</summary>
/// <remarks>
/// <b>Protocol.</b> <c>_gate</c> owns which reading is the current one. Who finds it over puts a new one in its place, which
/// begins when the old one has ended. Each consumer gets an enumerator of its own from here; a stream that the compiler makes
/// of a method would give out its one object again when a consumer has ended and has not been disposed.
/// </remarks>
/// <typeparam name="T">The type of the items.</typeparam>
internal sealed class Shared<T>(IAsyncEnumerable<T> source, TaskScope scope, Combination combination) : IAsyncEnumerable<T>
{
    private Gate _gate;
    private Fan<T>? _current;

    /// <inheritdoc/>
    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        Fan<T>.ReadAsync(Join, combination, cancellationToken);

    /// <summary>Joins the current reading, or begins one.</summary>
    private Fan<T> Join(Feed<T> feed, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Fan<T>? over = null;
        while (true)
        {
            Fan<T> fan;
            using (_gate.Enter())
            {
                fan = _current is null || ReferenceEquals(_current, over)
                    ? _current = new Fan<T>(source, scope, 1, combination, over)
                    : _current;
            }

            if (fan.TryJoin(feed))
            {
                return fan;
            }

            over = fan;
        }
    }
}
