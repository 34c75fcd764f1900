namespace Treeline;

/// <summary>
/// Which node the running code belongs to. It flows like any <see cref="AsyncLocal{T}"/>, so a scope opened anywhere
/// below a child task, with or without a token handed down, becomes a node under that child.
/// </summary>
internal static class Ambient
{
    private static readonly AsyncLocal<TreeNode?> s_current = new();

    public static TreeNode? Current
    {
        get => s_current.Value;
        set => s_current.Value = value;
    }

    public static TreeNode CurrentOrRoot => s_current.Value ?? ProcessRoot.Instance;
}
