namespace Treeline;

/// <summary>The cancellation of a token, as a case of one select.</summary>
/// <remarks>
/// <b>Protocol.</b> One select waits at a time, so there is at most one branch; <c>_gate</c> owns it. The registration belongs
/// to whoever waits. A callback may come late, when its registration has been given back: what it finds then is nothing, or the
/// branch of a later wait, which it may complete all the same, since the token is cancelled.
/// </remarks>
internal sealed class TokenSignal(CancellationToken token) : ISelectable<Nothing>
{
    private static readonly Action<object?> s_cancelled = static signal => ((TokenSignal)signal!).OnCancelled();

    private Gate _gate;
    private Waiter<Nothing>? _branch;
    private CancellationTokenRegistration _registration;

    public void Enter(Waiter<Nothing> branch)
    {
        if (!token.CanBeCanceled)
        {
            return;
        }

        using (_gate.Enter())
        {
            _branch = branch;
        }

        _registration = token.UnsafeRegister(s_cancelled, this); // calls back here and now if it is cancelled
    }

    public void Remove(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            _branch = null;
        }

        _registration.Unregister();
        _registration = default;
    }

    public override string ToString() => "cancellation";

    private void OnCancelled()
    {
        Waiter<Nothing>? branch;
        using (_gate.Enter())
        {
            branch = _branch;
            _branch = null;
            if (branch is null || !branch.TryClaim())
            {
                return;
            }
        }

        branch.Complete(default);
    }
}
