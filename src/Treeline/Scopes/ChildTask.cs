using System.Diagnostics;

namespace Treeline;

/// <summary>
/// A task that a <see cref="TaskScope"/> owns: <c>await</c> it, or leave it to the scope, which does not end before it
/// has. It shares its scope's cancellation; to cancel one thing alone, give it a scope of its own.
/// </summary>
/// <remarks>
/// A handle: copy it as you like. What it stands for may go once the child has succeeded; the handle then still says so,
/// and only where it was spawned is gone. A child that was given a name, has a result, failed or was cancelled stays for
/// as long as a handle to it is kept.
/// </remarks>
[DebuggerDisplay("{ToString(),nq}")]
public readonly struct ChildTask
{
    private readonly ChildNode? _node;
    private readonly int _version;

    internal ChildTask(ChildNode? node, int version)
    {
        _node = node;
        _version = version;
    }

    /// <summary>The name it was given, or else where it was spawned; when that is gone, words that say so.</summary>
    public string Name
    {
        get
        {
            string name = Node.Name;
            return IsGone ? Gone : name;
        }
    }

    /// <summary>The names from the top of the tree down to the child; when they are gone, words that say so.</summary>
    public string Path => new NodeRef(Node, _version).Path ?? Gone;

    /// <summary>
    /// A number no other node of this process has. Given out when first asked for; 0 when that is after the child has
    /// succeeded and gone.
    /// </summary>
    public long Id => Node.IdIfStill(_version);

    /// <summary>What the child is doing now, or how it ended.</summary>
    public NodeState State
    {
        get
        {
            NodeState state = Node.State;
            return IsGone ? NodeState.Succeeded : state;
        }
    }

    /// <summary>True once it has ended, in whatever way.</summary>
    public bool IsCompleted => Node.HasEnded(_version);

    private static string Gone => "a child that has succeeded";

    private ChildNode Node =>
        _node ?? throw new InvalidOperationException("default(ChildTask) is no child: TaskScope.Spawn gives them.");

    private bool IsGone
    {
        get
        {
            Interlocked.MemoryBarrier(); // what was read from the node was read before its version
            return Node.Version != _version;
        }
    }

    /// <summary>
    /// Awaits the child.
    /// Cancellation: a cancelled child throws the <see cref="OperationCanceledException"/> that ended it; waiting itself
    /// is not cancelled. Any number of awaiters may wait, before and after it ends.
    /// </summary>
    /// <returns>The awaiter. It rethrows what the child failed with, with its stack.</returns>
    /// <exception cref="InvalidOperationException">The child awaits itself.</exception>
    public ChildTaskAwaiter GetAwaiter()
    {
        ThrowIfAwaitedByItself();
        return new ChildTaskAwaiter(Node, _version);
    }

    /// <summary>
    /// The child as a <see cref="Task"/>, for code that needs one. From then on the child counts as looked at.
    /// Cancellation: as when awaiting the child.
    /// </summary>
    /// <returns>A task that ends as the child does.</returns>
    public Task AsTask() => Node.Completion(_version, observe: true) ?? Task.CompletedTask;

    /// <summary>The end of the child, for a <see cref="Select{TResult}"/>, which throws what the child ended with, if not with success.</summary>
    /// <returns>The case.</returns>
    public SelectCase JoinCase() => new(JoinEnd());

    /// <summary>The path and the state.</summary>
    public override string ToString() => _node is null ? "no child" : IsGone ? Gone : $"{Path} ({State})";

    internal ChildEnd JoinEnd() => Node.EndFor(_version);

    /// <summary>Hands <paramref name="joiner"/> on when the child ends. False: it has ended, so nothing will.</summary>
    internal bool TryJoin(IThreadPoolWorkItem joiner) => Node.TryJoin(_version, joiner);

    // Asked when the awaiter is made and not when it suspends: what is thrown there would not reach the code that awaits.
    internal void ThrowIfAwaitedByItself()
    {
        if (!IsCompleted && ReferenceEquals(Ambient.Current, Node))
        {
            throw new InvalidOperationException($"'{Path}' awaits itself, and would wait for ever.");
        }
    }
}
