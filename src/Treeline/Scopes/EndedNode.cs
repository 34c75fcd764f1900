namespace Treeline;

/// <summary>Stands for a child that has succeeded and left the tree, in code that has outlived it. It adopts nobody.</summary>
internal sealed class EndedNode : TreeNode
{
    private Nest _nest;

    private EndedNode()
        : base(null, new CallSite("a child that has ended", string.Empty, 0))
    {
    }

    public static EndedNode Instance { get; } = new();

    public override NodeState State => NodeState.Succeeded;

    internal override NodeKind Kind => NodeKind.Child;

    internal override ref Nest Nest => ref _nest;

    internal override CancelScope? Canceller => null;

    internal override Executor Executor => Executor.ThreadPool;

    private protected override string? GivenName => "a child that has ended";
}
