namespace Treeline.Tests.Sync;

/// <summary>Does what a select does with its cases, by hand.</summary>
internal static class Branches
{
    /// <summary>Puts a branch of <paramref name="cell"/> in.</summary>
    public static Waiter<T> Enter<T>(this Waiter<WaiterBase> cell, SelectCase<T> source)
    {
        var branch = Waiter<T>.RentBranch(source.Source!, cell);
        source.Source!.Enter(branch);
        return branch;
    }

    /// <inheritdoc cref="Enter{T}"/>
    public static Waiter<Nothing> Enter(this Waiter<WaiterBase> cell, SelectCase source)
    {
        var branch = Waiter<Nothing>.RentBranch(source.Source!, cell);
        source.Source!.Enter(branch);
        return branch;
    }
}
