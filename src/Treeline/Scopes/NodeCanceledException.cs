namespace Treeline;

/// <summary>
/// The cancellation of a node. Its message is put together when somebody reads it: most are never read, and in a deep
/// tree that unwinds, the paths of all its nodes would cost more than the unwinding.
/// </summary>
internal sealed class NodeCanceledException(
    TreeNode node, string whatHappened, CancelCause cause, CancellationToken token)
    : OperationCanceledException(token)
{
    /// <summary>The node that it surfaced from.</summary>
    public TreeNode Node => node;

    public override string Message => $"'{node.Path}' {whatHappened}: {cause.Reason}.";
}
