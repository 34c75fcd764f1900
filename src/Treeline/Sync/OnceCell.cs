using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>
/// A value that is set once: by <see cref="TrySet"/>, or by the first who needs it, while the others wait: <c>Config config =
/// await cell.GetOrInitAsync(ct => LoadAsync(ct), ct);</c>. With what makes it built in, it is an <see cref="AsyncLazy{T}"/>.
/// </summary>
/// <remarks>
/// What makes the value runs in the call of whoever came first, and ends before that call does: it is in that caller's place in
/// the tree, gets its token and is cancelled with it. If it fails or is cancelled, that caller gets the error and nobody else;
/// the next in line tries with their own. Failures are not kept.
/// <para>
/// <b>Protocol.</b> All but <c>_isSet</c> and <c>_value</c> belongs to <c>_gate</c>. At most one has the turn
/// (<c>_isRunning</c>); it passes to the first who can be claimed, in one holding of the gate, or is free. <c>_value</c> is
/// written once, under the gate, before <c>_isSet</c> is stored with release; who reads that with acquire may read the value
/// without the gate.
/// </para>
/// </remarks>
/// <typeparam name="T">The type of the value.</typeparam>
/// <param name="name">How it is shown where somebody waits for it.</param>
[DebuggerDisplay("{ToString(),nq}, set: {IsSet}")]
public sealed class OnceCell<T>(string? name = null) : IHeld
{
    private Gate _gate;
    private bool _isSet;
    private T? _value;
    private bool _isRunning;
    private Holder _runner;
    private WaiterList<OnceTurn> _waiters;

    /// <summary>Whether there is a value.</summary>
    public bool IsSet => Volatile.Read(ref _isSet);

    /// <summary>Gives the value if there is one.</summary>
    /// <param name="value">The value.</param>
    /// <returns>Whether there is one.</returns>
    public bool TryGet([MaybeNullWhen(false)] out T value)
    {
        bool isSet = IsSet;
        value = isSet ? _value : default;
        return isSet;
    }

    /// <summary>Sets the value, unless there is one, or somebody is making one.</summary>
    /// <param name="value">The value.</param>
    /// <returns>Whether it is the value from now on.</returns>
    public bool TrySet(T value)
    {
        using (_gate.Enter())
        {
            if (_isSet || _isRunning)
            {
                return false;
            }

            // Nobody waits: they only do behind somebody who is making it.
            _value = value;
            Volatile.Write(ref _isSet, true);
            return true;
        }
    }

    /// <summary>
    /// Gives the value; if there is none, makes it, or waits while another does. Only one at a time makes it. Cancellation:
    /// ends the wait; if this call is making the value, what makes it sees the token, and when it has ended, the next in line
    /// tries.
    /// </summary>
    /// <param name="factory">Makes the value. Runs in this call, or not at all.</param>
    /// <param name="cancellationToken">Ends the wait; what the factory gets.</param>
    /// <returns>The value. What the factory throws in this call is thrown here.</returns>
    [OverloadResolutionPriority(2)]
    public ValueTask<T> GetOrInitAsync(Func<CancellationToken, Fiber<T>> factory, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(factory);
        return GetOrInit(factory, cancellationToken);
    }

    /// <inheritdoc cref="GetOrInitAsync(Func{CancellationToken, Fiber{T}}, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public ValueTask<T> GetOrInitAsync(Func<CancellationToken, ValueTask<T>> factory, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(factory);
        return GetOrInit(factory, cancellationToken);
    }

    /// <inheritdoc cref="GetOrInitAsync(Func{CancellationToken, Fiber{T}}, CancellationToken)"/>
    public ValueTask<T> GetOrInitAsync(Func<CancellationToken, Task<T>> factory, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(factory);
        return GetOrInit(factory, cancellationToken);
    }

    /// <summary>What it is called.</summary>
    public override string ToString() => name is null ? "a value that is being made" : $"value '{name}'";

    void IHeld.AddHolders(List<NodeRef> into)
    {
        using (_gate.Enter())
        {
            if (_isRunning && _runner.Node is { } node)
            {
                into.Add(new NodeRef(node, _runner.Life));
            }
        }
    }

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            _waiters.Remove((Waiter<OnceTurn>)waiter);
        }
    }

    /// <param name="factory">One of the three shapes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal ValueTask<T> GetOrInit(Delegate factory, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<T>(cancellationToken);
        }

        return IsSet ? Waiter<T>.Over(_value!) : InitAsync(factory, cancellationToken);
    }

    private static ValueTask<T> Make(Delegate factory, CancellationToken cancellationToken) => factory switch
    {
        Func<CancellationToken, Fiber<T>> fiber => new ValueTask<T>(fiber(cancellationToken).AsTask()),
        Func<CancellationToken, ValueTask<T>> function => function(cancellationToken),
        _ => new ValueTask<T>(((Func<CancellationToken, Task<T>>)factory)(cancellationToken)
            ?? throw new InvalidOperationException("What was to make the value returned null instead of a task.")),
    };

    private async ValueTask<T> InitAsync(Delegate factory, CancellationToken cancellationToken)
    {
        OnceTurn turn = await TurnAsync(cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
        if (!turn.IsMine)
        {
            return _value!;
        }

        T value;
        try
        {
            value = await Make(factory, cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
        }
        catch
        {
            PassOn();
            throw;
        }

        Settle(value);
        return value;
    }

    private ValueTask<OnceTurn> TurnAsync(CancellationToken cancellationToken)
    {
        var mine = new OnceTurn(IsMine: true, Holder.Current);
        Waiter<OnceTurn>? waiter = null;
        using (_gate.Enter())
        {
            if (_isSet)
            {
                mine = default;
            }
            else if (_isRunning)
            {
                waiter = Waiter<OnceTurn>.Rent(this, cancellationToken);
                waiter.Value = mine;
                _waiters.Add(waiter);
            }
            else
            {
                Begin(mine);
            }
        }

        return waiter is null ? new ValueTask<OnceTurn>(mine) : waiter.AsValueTask();
    }

    private void Begin(OnceTurn turn)
    {
        _isRunning = true;
        _runner = turn.Who;
    }

    private void PassOn()
    {
        Waiter<OnceTurn>? next;
        using (_gate.Enter())
        {
            _isRunning = false;
            _runner = default;
            if (_waiters.TryPopClaimed(out next))
            {
                Begin(next.Value);
            }
        }

        next?.Complete();
    }

    private void Settle(T value)
    {
        var waiting = default(WaiterList<OnceTurn>);
        using (_gate.Enter())
        {
            _value = value;
            Volatile.Write(ref _isSet, true);
            _isRunning = false;
            _runner = default;
            while (_waiters.TryPopClaimed(out Waiter<OnceTurn>? waiter))
            {
                waiting.Add(waiter);
            }
        }

        while (waiting.TryPop(out Waiter<OnceTurn>? waiter))
        {
            waiter.Complete(default);
        }
    }
}
