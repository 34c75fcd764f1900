namespace Treeline;

/// <summary>
/// Remembers a node for longer than it may live. The object of a child that has succeeded is used again for another
/// child, so a bare reference could come to mean somebody else; this one comes to mean nobody.
/// </summary>
internal sealed class NodeRef(TreeNode node, int version)
{
    public NodeRef(TreeNode node)
        : this(node, VersionOf(node))
    {
    }

    /// <summary>The node; null once it has ended and its object serves another.</summary>
    public TreeNode? Node => VersionOf(node) == version ? node : null;

    /// <summary>Its path; null once it has ended and its object serves another.</summary>
    public string? Path => PathOf(int.MaxValue);

    /// <summary>As <see cref="Path"/>, with at most so many names, the last ones.</summary>
    public string? PathOf(int names)
    {
        string path = node.PathOf(names);

        // Read after the path: if it is still that node now, it was while the path was put together.
        Interlocked.MemoryBarrier();
        return VersionOf(node) == version ? path : null;
    }

    /// <summary>Tells the lives of an object that serves one node after the other.</summary>
    public static int VersionOf(TreeNode node) => node is ChildNode child ? child.Version : 0;
}
