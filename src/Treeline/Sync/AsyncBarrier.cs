using System.Diagnostics;

namespace Treeline;

/// <summary>
/// Lets nobody past until all have arrived, and then begins anew: for work in phases, in which each waits for the others after
/// each.
/// </summary>
/// <remarks>
/// To wait for the end of children, no barrier is needed: their scope waits.
/// <para>
/// <b>Protocol.</b> Everything belongs to <c>_gate</c>. The last to arrive claims all the others, or nobody: so no one may give
/// up between the counting and the claiming, and whoever gives up asks first (<see cref="IWaitQueue.MayGiveUp"/>) and leaves
/// under the gate. Those in the list are pending, and <c>_arrived</c> is their number.
/// </para>
/// </remarks>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class AsyncBarrier : IWaitQueue
{
    private readonly int _parties;
    private readonly string? _name;
    private Gate _gate;
    private int _arrived;
    private long _phase;
    private WaiterList<BarrierPass> _waiters;

    /// <summary>Makes a barrier.</summary>
    /// <param name="parties">How many must arrive for it to open.</param>
    /// <param name="name">How it is shown where somebody waits for it.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is not positive.</exception>
    public AsyncBarrier(int parties, string? name = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(parties);
        _parties = parties;
        _name = name;
    }

    /// <summary>How many wait for the others now.</summary>
    public int Arrived
    {
        get
        {
            using (_gate.Enter())
            {
                return _arrived;
            }
        }
    }

    /// <summary>
    /// Arrives, and waits until all have. The last to arrive does not wait.
    /// Cancellation: what was cancelled has not arrived; another must come in its place.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Which phase is over, and whether this was the last to arrive.</returns>
    public ValueTask<BarrierPass> ArriveAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<BarrierPass>(cancellationToken);
        }

        var passing = default(WaiterList<BarrierPass>);
        Waiter<BarrierPass>? waiter = null;
        long phase;
        using (_gate.Enter())
        {
            phase = _phase;
            if (_arrived + 1 < _parties)
            {
                waiter = Waiter<BarrierPass>.Rent(this, cancellationToken);
                _waiters.Add(waiter);
                _arrived++;
            }
            else
            {
                _phase++;
                _arrived = 0;
                while (_waiters.TryPop(out Waiter<BarrierPass>? other))
                {
                    bool claimed = other.TryClaim();
                    Debug.Assert(claimed, "Who gives up waiting at a barrier does it under the gate.");
                    passing.Add(other);
                }
            }
        }

        if (waiter is not null)
        {
            return waiter.AsValueTask();
        }

        while (passing.TryPop(out Waiter<BarrierPass>? other))
        {
            other.Complete(new BarrierPass(phase, IsLeader: false));
        }

        return Waiter<BarrierPass>.Over(new BarrierPass(phase, IsLeader: true));
    }

    /// <summary>What it is called.</summary>
    public override string ToString() => _name is null ? $"a barrier of {_parties}" : $"barrier '{_name}'";

    bool IWaitQueue.MayGiveUp(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            if (waiter.Outcome != WaitOutcome.Pending)
            {
                return false;
            }

            _waiters.Remove((Waiter<BarrierPass>)waiter);
            _arrived--;
            return true;
        }
    }

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        // It left when it was asked.
    }
}
