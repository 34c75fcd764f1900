namespace Treeline;

/// <summary>
/// Which node the running code belongs to, so that a scope opened anywhere below a child, with or without a token handed
/// down, becomes a node under that child.
/// </summary>
/// <remarks>
/// <para>Two sources, because publishing in the execution context allocates. The <em>published</em> node flows like any
/// <see cref="AsyncLocal{T}"/>, through code that knows nothing of Treeline: every scope around a body publishes itself,
/// every child that runs a delegate returning a task does, and so does every fiber whose code awaits anything that is
/// not Treeline's. A fiber that awaits only Treeline's waits does not: the <see cref="WorkerThread"/> that runs it knows
/// it. Work that such a fiber starts elsewhere without awaiting it counts as its scope's.</para>
/// <para>The thread's node counts only where its scope is what is published; otherwise a continuation of somebody else
/// runs on this thread's stack (say, one of a <see cref="TaskCompletionSource"/> that the fiber completed). Code of the
/// scope's own body that is resumed so cannot be told from the fiber's: it counts as the fiber's until it next waits.</para>
/// </remarks>
internal static class Ambient
{
    // A TaskScope, or the NodeRef of a child.
    private static readonly AsyncLocal<object?> s_published = new();

    /// <summary>What flows: a <see cref="TaskScope"/>, the <see cref="NodeRef"/> of a child, or null.</summary>
    public static object? Published
    {
        get => s_published.Value;
        set => s_published.Value = value;
    }

    /// <summary>The node; null outside the tree, and <see cref="EndedNode"/> in code that has outlived its child.</summary>
    public static TreeNode? Current
    {
        get
        {
            object? published = s_published.Value;
            if (published is NodeRef child)
            {
                return child.Node ?? EndedNode.Instance;
            }

            return WorkerThread.Current.Node is ChildNode { PublishesItself: false } running
                && ReferenceEquals(published, running.Parent)
                ? running
                : (TreeNode?)published;
        }
    }

    /// <summary>True if the context tells of this very child.</summary>
    public static bool IsPublished(ChildNode child) =>
        s_published.Value is NodeRef published && ReferenceEquals(published.Node, child);

    public static TreeNode CurrentOrRoot => Current ?? ProcessRoot.Instance;

    /// <inheritdoc cref="TreeNode.BeginWait"/>
    public static void BeginWait(object target, int life)
    {
        if (Current is { } node and not EndedNode)
        {
            node.BeginWait(target, life);
        }
    }
}
