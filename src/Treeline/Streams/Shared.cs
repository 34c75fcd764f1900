namespace Treeline;

/// <summary>A stream that is read once for all who are reading it, whoever they are.</summary>
/// <remarks>
/// <b>Protocol.</b> <c>_gate</c> owns which reading is the current one. Who finds it over puts a new one in its place, which
/// begins when the old one has ended.
/// </remarks>
/// <typeparam name="T">The type of the items.</typeparam>
internal sealed class Shared<T>(IAsyncEnumerable<T> source, TaskScope scope, Combination combination)
{
    private Gate _gate;
    private Fan<T>? _current;

    /// <summary>Joins the current reading, or begins one.</summary>
    public Fan<T> Join(Feed<T> feed)
    {
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
