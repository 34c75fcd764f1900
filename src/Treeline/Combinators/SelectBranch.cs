namespace Treeline;

/// <summary>One case of a select, with its handler. Owner: whoever waits for the select.</summary>
internal abstract class SelectBranch<TResult>
{
    /// <summary>True between <see cref="LoseUnless"/> and <see cref="Take"/> of the one that won by a branch.</summary>
    public abstract bool HasWon { get; }

    /// <summary>Begins to wait, as a branch of <paramref name="cell"/>.</summary>
    public abstract void Enter(Waiter<WaiterBase> cell);

    /// <summary>Stops to wait, if it did, unless its branch is <paramref name="winner"/>.</summary>
    public abstract void LoseUnless(WaiterBase? winner);

    /// <summary>What the handler makes of what happened; throws what happened in its place.</summary>
    public abstract TResult Take();
}
