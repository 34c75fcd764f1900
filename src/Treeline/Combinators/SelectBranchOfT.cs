using System.Threading.Channels;

namespace Treeline;

/// <summary>A case of a select that waits for a primitive.</summary>
internal sealed class SelectBranch<T, TResult>(
    ISelectable<T> source, Func<T, TResult> then, Func<ChannelClosedException, TResult>? closed) : SelectBranch<TResult>
{
    private Waiter<T>? _waiter;

    public override bool HasWon => _waiter is not null;

    public override void Enter(Waiter<WaiterBase> cell)
    {
        _waiter = Waiter<T>.RentBranch(source, cell);
        source.Enter(_waiter);
    }

    public override void LoseUnless(WaiterBase? winner)
    {
        if (_waiter is { } waiter && waiter != winner)
        {
            _waiter = null;
            waiter.Lose();
        }
    }

    public override TResult Take()
    {
        Waiter<T> waiter = _waiter!;
        _waiter = null;
        T value;
        try
        {
            value = waiter.TakeWon();
        }
        catch (ChannelClosedException e) when (closed is not null)
        {
            return closed(e);
        }

        return then(value);
    }

    public override string ToString() => source.ToString()!;
}
