namespace Treeline;

/// <summary>The end of a child, as something that selects wait for. A child has at most one, so that waits that lost leave nothing with it.</summary>
/// <remarks>
/// <b>Protocol.</b> <c>_gate</c> owns the branches and <c>_hasEnded</c>. The child, when it has its final state and its result,
/// signals once.
/// </remarks>
internal sealed class ChildEnd(ChildNode child, int version, bool hasEnded) : ISelectable<Nothing>
{
    private Gate _gate;
    private bool _hasEnded = hasEnded;
    private WaiterList<Nothing> _branches;

    public void Enter(Waiter<Nothing> branch)
    {
        using (_gate.Enter())
        {
            if (!_hasEnded)
            {
                _branches.Add(branch);
                return;
            }

            if (!branch.TryClaim())
            {
                return;
            }
        }

        Complete(branch);
    }

    public void Remove(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            _branches.Remove((Waiter<Nothing>)waiter);
        }
    }

    /// <summary>The child has ended.</summary>
    public void Signal()
    {
        var claimed = default(WaiterList<Nothing>);
        using (_gate.Enter())
        {
            _hasEnded = true;
            while (_branches.TryPopClaimed(out Waiter<Nothing>? branch))
            {
                claimed.Add(branch);
            }
        }

        while (claimed.TryPop(out Waiter<Nothing>? branch))
        {
            Complete(branch);
        }
    }

    public override string ToString() => $"the end of {new ChildTask(child, version).Name}";

    private void Complete(Waiter<Nothing> branch)
    {
        try
        {
            child.ThrowIfUnsuccessful(version);
        }
        catch (Exception e)
        {
            branch.Fail(e);
            return;
        }

        branch.Complete(default);
    }
}
