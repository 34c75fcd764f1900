namespace Treeline;

/// <summary>One child of a join set: hears of its end, takes its result and stands in the queue of outcomes. Used again.</summary>
/// <remarks>
/// <b>Protocol.</b> Its owner is the child that it joins; when that has ended, the queue; then who takes the outcome, and
/// gives it back to the pool.
/// </remarks>
/// <typeparam name="T">The type of the result.</typeparam>
internal sealed class JoinEntry<T> : IThreadPoolWorkItem
{
    private OutcomeQueue<T>? _queue;
    private ChildNode<T>? _child;
    private Outcome<T> _outcome;

    private JoinEntry()
    {
    }

    /// <summary>The one behind it. Owner: the gate of the queue.</summary>
    public JoinEntry<T>? Next { get; set; }

    public static JoinEntry<T> Rent(OutcomeQueue<T> queue, ChildNode<T> child)
    {
        JoinEntry<T> entry = Pool<JoinEntry<T>>.TryRent() ?? new JoinEntry<T>();
        entry._queue = queue;
        entry._child = child;
        return entry;
    }

    /// <summary>The child has ended, and has not given its hold on the scope back yet. It only posts.</summary>
    public void Execute()
    {
        _outcome = _child!.TakeOutcome();
        if (_outcome.IsSuccess)
        {
            _child = null; // it may already serve another
        }

        _queue!.Post(this);
    }

    /// <summary>Somebody gets the outcome: the failure has been looked at. The entry belongs to its pool from here on.</summary>
    public Outcome<T> Take()
    {
        _child?.Observe();
        Outcome<T> outcome = _outcome;
        _outcome = default;
        _child = null;
        _queue = null;
        Pool<JoinEntry<T>>.Return(this);
        return outcome;
    }
}
