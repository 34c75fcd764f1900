namespace Treeline;

/// <summary>
/// What decides a select among several waits: one waiter whose value is the branch that won. Cancellation and deadline of the
/// whole select are its own.
/// </summary>
/// <remarks>
/// A signaller that claims a branch claims the cell; so at most one branch is ever claimed, and only while the cell is
/// pending. The owner rents the cell, puts a <see cref="Waiter{T}.RentBranch">branch</see> in each primitive, and awaits
/// the cell. Resumed, it calls <see cref="WaiterBase.Lose"/> on each branch but the winner, and <see cref="Waiter{T}.TakeWon"/>
/// on that. Awaiting ends the cell's incarnation, before the losers have left their lists; they know it by its incarnation, so
/// they cannot claim the next.
/// </remarks>
internal static class SelectCell
{
    /// <summary>A cell, for its owner to put branches under and then to make an awaitable of.</summary>
    /// <param name="queue">What is told when the select gives up, and how it is called.</param>
    /// <param name="cancellationToken">Ends the whole select.</param>
    public static Waiter<WaiterBase> Rent(IWaitQueue? queue, CancellationToken cancellationToken = default) =>
        Waiter<WaiterBase>.RentShared(queue, cancellationToken);
}
