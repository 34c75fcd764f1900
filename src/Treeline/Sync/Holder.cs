namespace Treeline;

/// <summary>The node whose code takes something. A <see cref="NodeRef"/> that costs no allocation.</summary>
/// <param name="Node">The node; null where nobody knows.</param>
/// <param name="Life">Which of the lives of an object that is used again.</param>
internal readonly record struct Holder(TreeNode? Node, int Life)
{
    /// <summary>Whoever runs now.</summary>
    public static Holder Current =>
        Ambient.Current is { } node and not EndedNode ? new Holder(node, NodeRef.VersionOf(node)) : default;
}
