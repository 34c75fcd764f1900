using System.Diagnostics;

namespace Treeline;

/// <summary>A <see cref="ChildTask"/> with a result, which stays for as long as a handle is kept.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
[DebuggerDisplay("{ToString(),nq}")]
public readonly struct ChildTask<T>
{
    private readonly ChildNode<T>? _node;
    private readonly int _version;

    internal ChildTask(ChildNode<T> node, int version)
    {
        _node = node;
        _version = version;
    }

    /// <inheritdoc cref="ChildTask.Name"/>
    public string Name => Plain.Name;

    /// <inheritdoc cref="ChildTask.Path"/>
    public string Path => Plain.Path;

    /// <inheritdoc cref="ChildTask.Id"/>
    public long Id => Plain.Id;

    /// <inheritdoc cref="ChildTask.State"/>
    public NodeState State => Plain.State;

    /// <inheritdoc cref="ChildTask.IsCompleted"/>
    public bool IsCompleted => Plain.IsCompleted;

    internal ChildNode<T> Node => _node!;

    internal int Version => _version;

    private ChildTask Plain => new(_node, _version);

    /// <summary>The same child, its result left aside.</summary>
    /// <param name="child">The child.</param>
    public static implicit operator ChildTask(ChildTask<T> child) => child.Plain;

    /// <inheritdoc cref="ChildTask.GetAwaiter"/>
    /// <returns>The awaiter. It gives the result, or rethrows what the child failed with, with its stack.</returns>
    public ChildTaskAwaiter<T> GetAwaiter()
    {
        Plain.ThrowIfAwaitedByItself();
        return new ChildTaskAwaiter<T>(_node!, _version);
    }

    /// <inheritdoc cref="ChildTask.AsTask"/>
    public Task<T> AsTask() => (Task<T>)Plain.AsTask();

    /// <summary>
    /// Waits for the child and tells how it ended, without throwing. The child counts as looked at.
    /// Cancellation: a cancelled child gives a cancelled outcome; waiting itself is not cancelled.
    /// </summary>
    /// <returns>The outcome.</returns>
    public async Task<Outcome<T>> OutcomeAsync()
    {
        TreeNode? awaiting = IsCompleted || Ambient.Current is EndedNode ? null : Ambient.Current;
        awaiting?.BeginWait(_node!, _version);
        await ((Task)AsTask()).ConfigureAwait(SchedulerContext.SuppressThrowing);
        awaiting?.EndWait(_node!);
        return OutcomeOfEnded();
    }

    /// <inheritdoc cref="ChildTask.JoinCase"/>
    public SelectCase<T> JoinCase()
    {
        ChildTask<T> child = this;
        return new SelectCase<T>(Plain.JoinEnd(), () => child._node!.Result!);
    }

    /// <inheritdoc cref="ChildTask.ToString"/>
    public override string ToString() => Plain.ToString();

    /// <summary>The outcome of a child that has ended, with a result or a name. It counts as looked at.</summary>
    internal Outcome<T> OutcomeOfEnded()
    {
        _node!.Observe();
        return _node.Outcome;
    }
}
