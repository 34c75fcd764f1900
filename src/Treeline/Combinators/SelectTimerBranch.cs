namespace Treeline;

/// <summary>A case of a select that waits for a time. The cell waits for the nearest of them, so it needs no branch.</summary>
internal sealed class SelectTimerBranch<TResult>(ISelectTimer timer, Func<TResult> then) : SelectBranch<TResult>
{
    public override bool HasWon => false;

    public TimeSpan Left(long now) => timer.Left(now);

    public override void Enter(Waiter<WaiterBase> cell)
    {
    }

    public override void LoseUnless(WaiterBase? winner)
    {
    }

    public override TResult Take()
    {
        timer.Take();
        return then();
    }

    public override string ToString() => timer.ToString()!;
}
