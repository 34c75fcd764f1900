namespace Treeline;

/// <summary>One of several streams that are read at once: a child that takes an item when told to, and posts that it has.</summary>
/// <remarks>
/// <b>Protocol.</b> The reader calls <see cref="TakeNext"/> and touches the item no more; the child takes the next item,
/// stores it and posts the lane, and touches it no more before it is told again. The signal and the queue order the memory.
/// The end of the child, in whatever way, posts null.
/// </remarks>
internal abstract class Lane(Arrivals<Lane?> arrivals)
{
    private readonly ManualResetSignal _go = new("the reader of the stream");

    protected Arrivals<Lane?> Arrivals => arrivals;

    /// <summary>Starts to read them, as children of <paramref name="scope"/>. Nothing is taken before it is asked for.</summary>
    public static void StartAll(IReadOnlyList<Lane> lanes, TaskScope scope, Combination combination)
    {
        for (int i = 0; i < lanes.Count; i++)
        {
            ChildTask child = combination.Spawn<Nothing>(scope, (Func<CancellationToken, Fiber>)lanes[i].ReadAsync, i);
            lanes[i].Arrivals.PostAtEndOf(child, null);
        }
    }

    /// <summary>Lets it take the next item.</summary>
    public void TakeNext() => _go.Set();

    protected abstract Fiber ReadAsync(CancellationToken cancellationToken);

    /// <summary>Waits until the reader wants the next item.</summary>
    protected async Fiber ToldAsync(CancellationToken cancellationToken)
    {
        await _go.Wait(cancellationToken);
        _go.Reset();
    }
}
