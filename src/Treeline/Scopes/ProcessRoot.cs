namespace Treeline;

/// <summary>
/// The invisible top of the tree, in which scopes live that were opened outside any other. It is never cancelled and
/// never closes: its own work is the process.
/// </summary>
internal sealed class ProcessRoot : TreeNode
{
    private Nest _nest = Nest.HeldByOwnWork();

    private ProcessRoot()
        : base(null, new CallSite("process", string.Empty, 0))
    {
    }

    public static ProcessRoot Instance { get; } = new();

    public override NodeState State => NodeState.Running;

    internal override NodeKind Kind => NodeKind.Scope;

    internal override ref Nest Nest => ref _nest;

    internal override CancelScope? Canceller => null;

    internal override Executor Executor => Executor.Current;

    private protected override string? GivenName => "process";
}
