using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Threading.Tasks.Sources;

namespace Treeline;

/// <summary>A <see cref="WaiterBase">waiter</see> who is given a value.</summary>
/// <typeparam name="T">What the primitive gives; <see cref="Nothing"/> if it gives nothing.</typeparam>
internal sealed class Waiter<T> : WaiterBase, IValueTaskSource<T>, IValueTaskSource
{
    private T _value = default!;

    private Waiter()
    {
    }

    /// <summary>
    /// What the waiter is going to be given; until then what it brings, where a primitive takes something from who waits (what
    /// a sender sends). Owner: the renter, before it is in a list; then the primitive's gate; then whoever claimed it.
    /// </summary>
    internal ref T Value => ref _value;

    /// <summary>The neighbours in a <see cref="WaiterList{T}"/>. Owner: the primitive's gate, or whoever claimed the waiter.</summary>
    internal Waiter<T>? Next { get; set; }

    /// <inheritdoc cref="Next"/>
    internal Waiter<T>? Previous { get; set; }

    /// <summary>A waiter for its renter to put in a list and make an awaitable of, in this order.</summary>
    /// <param name="queue">What is waited for.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static Waiter<T> Rent(IWaitQueue? queue, CancellationToken cancellationToken = default)
    {
        Waiter<T> waiter = Pool<Waiter<T>>.TryRent() ?? new Waiter<T>();
        waiter.Begin(queue, cell: null, cancellationToken);
        return waiter;
    }

    /// <inheritdoc cref="SelectCell.Rent"/>
    public static Waiter<T> RentShared(IWaitQueue? queue, CancellationToken cancellationToken)
    {
        Waiter<T> waiter = Rent(queue, cancellationToken);
        waiter.BeCell();
        return waiter;
    }

    /// <summary>A waiter that is one branch of a select. Put in a list, nothing further: the cell is what is awaited.</summary>
    public static Waiter<T> RentBranch(IWaitQueue queue, Waiter<WaiterBase> cell)
    {
        Waiter<T> waiter = Pool<Waiter<T>>.TryRent() ?? new Waiter<T>();
        waiter.Begin(queue, cell, token: default);
        return waiter;
    }

    /// <summary>
    /// What a primitive gives whose wait was over at once: costs a unit of <see cref="Budget"/>, and when that is used up, makes
    /// the awaiter give way once. Called with no gate held.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ValueTask<T> Over(T value) => Budget.TryConsume() ? new ValueTask<T>(value) : RentYield(value).AsValueTask();

    /// <inheritdoc cref="Over(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ValueTask Over() => Budget.TryConsume() ? default : RentYield(default!).AsVoidValueTask();

    /// <summary>Makes plain code that awaits it give way once, and go on on <paramref name="executor"/>.</summary>
    public static ValueTask Yield(Executor executor)
    {
        Waiter<T> waiter = Rent(queue: null);
        waiter.ResumeOn(executor);
        waiter.BeYield();
        return waiter.AsVoidValueTask();
    }

    /// <summary>Ends a claimed wait with what was waited for. Called with no gate held.</summary>
    public void Complete(T value)
    {
        _value = value;
        Publish();
    }

    /// <summary>Ends a claimed wait with what is in <see cref="Value"/>. Called with no gate held.</summary>
    public void Complete() => Publish();

    /// <summary>Arms the waiter and lets anybody await it. Called with no gate held.</summary>
    public ValueTask<T> AsValueTask()
    {
        Arm();
        return new ValueTask<T>(this, Token);
    }

    /// <inheritdoc cref="AsValueTask"/>
    public ValueTask AsVoidValueTask()
    {
        Arm();
        return new ValueTask(this, Token);
    }

    /// <summary>Arms the waiter and lets a fiber await it. Called with no gate held.</summary>
    public WaitAwaitable<T> AsAwaitable()
    {
        Arm();
        return new WaitAwaitable<T>(this, Token);
    }

    /// <summary>Takes the result, once; throws what came in its place. The node belongs to its pool from here on.</summary>
    public T GetResult(short token)
    {
        Exception? error = ErrorOf(CheckCompleted(token));
        T value = _value;
        Recycle();
        if (error is not null)
        {
            ExceptionDispatchInfo.Throw(error);
        }

        return value;
    }

    /// <inheritdoc/>
    void IValueTaskSource.GetResult(short token) => GetResult(token);

    /// <summary>The result of the branch that won a select. Called by the owner of the cell, which has been resumed.</summary>
    public T TakeWon()
    {
        Exception? error = ErrorOf(Outcome);
        T value = _value;
        Recycle();
        if (error is not null)
        {
            ExceptionDispatchInfo.Throw(error);
        }

        return value;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Waiter<T> RentYield(T value)
    {
        Waiter<T> waiter = Rent(queue: null);
        waiter._value = value;
        waiter.BeYield();
        return waiter;
    }

    private protected override void Recycle()
    {
        _value = default!;
        if (End())
        {
            Pool<Waiter<T>>.Return(this);
        }
    }
}
