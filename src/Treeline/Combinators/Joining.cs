namespace Treeline;

/// <summary>Children of which all ends are wanted, whatever they are.</summary>
internal sealed class Joining(TaskScope scope, Combination combination)
{
    private readonly Arrivals<Nothing> _ended = new("the end of all");
    private readonly List<ChildTask> _children = [];

    /// <summary>Spawns the next one.</summary>
    public ChildTask<T> Spawn<T>(Delegate work)
    {
        ChildTask<T> child = combination.Spawn<T>(scope, work, _children.Count);
        _children.Add(child);
        _ended.PostAtEndOf(child, default);
        return child;
    }

    /// <summary>
    /// Waits until all have ended. If any was cut short, which only a cancellation from outside can do, it throws that: the
    /// outcomes will not get to anybody, so failures have not been looked at and surface from the scope.
    /// </summary>
    public async Fiber AllEndedAsync()
    {
        for (int left = _children.Count; left > 0; left--)
        {
            while (!_ended.TryTake(out _))
            {
                await _ended.Wait();
            }
        }

        if (_children.Exists(static child => child.State == NodeState.Cancelled))
        {
            throw new OperationCanceledException(scope.Token);
        }
    }
}
