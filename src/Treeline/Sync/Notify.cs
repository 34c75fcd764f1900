using System.Diagnostics;

namespace Treeline;

/// <summary>
/// Tells somebody that something has happened, without saying what. <see cref="NotifyOne"/> wakes one who waits; if nobody
/// does, the next one does not wait. So the notification between looking and waiting is not missed: <c>while (!TryTake(out
/// item)) { await notify.NotifiedAsync(ct); }</c>
/// </summary>
/// <remarks>
/// It holds at most one notification: many before anybody waits are one. To count them, use <see cref="AsyncSemaphore"/>; to pass
/// something along, a channel. As Tokio's <c>sync::Notify</c>.
/// <para>
/// <b>Protocol.</b> Everything belongs to <c>_gate</c>. A notification is stored only while nobody who can be claimed stands in
/// the list.
/// </para>
/// </remarks>
/// <param name="name">How it is shown where somebody waits for it.</param>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class Notify(string? name = null) : ISelectable<Nothing>
{
    private Gate _gate;
    private bool _isStored;
    private WaiterList<Nothing> _waiters;

    /// <summary>
    /// Takes the notification that is stored, or waits for one, behind those who came before. The call itself takes its place
    /// in line: what is notified after it, and before it is awaited, is not missed. Cancellation: what was cancelled took no
    /// notification.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that completes when this caller is notified. To be awaited: the notification is its own.</returns>
    public ValueTask NotifiedAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        Waiter<Nothing>? waiter = null;
        using (_gate.Enter())
        {
            if (_isStored)
            {
                _isStored = false;
            }
            else
            {
                waiter = Waiter<Nothing>.Rent(this, cancellationToken);
                _waiters.Add(waiter);
            }
        }

        return waiter is null ? Waiter<Nothing>.Over() : waiter.AsVoidValueTask();
    }

    /// <summary>Wakes the first who waits; if nobody does, the next one to come does not wait.</summary>
    public void NotifyOne()
    {
        Waiter<Nothing>? first;
        using (_gate.Enter())
        {
            if (!_waiters.TryPopClaimed(out first))
            {
                _isStored = true;
                return;
            }
        }

        first.Complete(default);
    }

    /// <summary>Wakes all who wait now. Stores nothing: if nobody does, nothing happens.</summary>
    public void NotifyAll()
    {
        var woken = default(WaiterList<Nothing>);
        using (_gate.Enter())
        {
            while (_waiters.TryPopClaimed(out Waiter<Nothing>? waiter))
            {
                woken.Add(waiter);
            }
        }

        while (woken.TryPop(out Waiter<Nothing>? waiter))
        {
            waiter.Complete(default);
        }
    }

    /// <summary>Being notified, as one of several things to wait for. If another comes first, no notification is taken.</summary>
    public SelectCase NotifiedCase() => new(this);

    /// <summary>What it is called.</summary>
    public override string ToString() => name is null ? "a notification" : $"notification '{name}'";

    void ISelectable<Nothing>.Enter(Waiter<Nothing> branch)
    {
        using (_gate.Enter())
        {
            if (!_isStored)
            {
                _waiters.Add(branch);
                return;
            }

            if (!branch.TryClaim())
            {
                return;
            }

            _isStored = false;
        }

        branch.Complete(default);
    }

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            _waiters.Remove((Waiter<Nothing>)waiter);
        }
    }
}
