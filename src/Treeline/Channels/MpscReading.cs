using System.Threading.Tasks.Sources;

namespace Treeline;

/// <summary>
/// A receive whose result is not the item but what is made of it, and for which the end of the channel is a result too: a step of
/// an enumeration, or a batch. It is a source of its own in front of the waiter who gets the item, and passes on to it what it
/// is asked; so it needs no async method, and a fiber comes back to its executor.
/// </summary>
internal abstract class MpscReading<T> : IWaitQueue
{
    private Waiter<T>? _wait;

    // Set by whoever claimed the waiter, before completing it.
    private bool _hasEnded;

    /// <summary>What is received from.</summary>
    private protected MpscChannel<T> Channel { get; set; } = null!;

    /// <summary>Asked by whoever awaits.</summary>
    public ValueTaskSourceStatus GetStatus(short token) => Wait().GetStatus(token);

    /// <inheritdoc cref="IValueTaskSource.OnCompleted"/>
    public void OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        Wait().OnCompleted(continuation, state, token, flags);

    public override string ToString() => $"receive from {Channel.Name}";

    /// <summary>The channel is over: there is no item for the claimed waiter.</summary>
    internal void End(Waiter<T> waiter)
    {
        _hasEnded = true;
        waiter.Complete();
    }

    void IWaitQueue.Remove(WaiterBase waiter) => Channel.RemoveReceiver(waiter);

    /// <summary>Receives at once if that can be. False with a waiter: it goes into <see cref="Await"/>. False with none: over.</summary>
    private protected bool TryReceive(CancellationToken cancellationToken, out T item, out Waiter<T>? waiter)
    {
        _hasEnded = false;
        return Channel.Receive(this, cancellationToken, out item, out waiter);
    }

    /// <summary>Arms the waiter; the token for the awaitable.</summary>
    private protected short Await(Waiter<T> waiter)
    {
        _wait = waiter;
        _ = waiter.AsAwaitable();
        return waiter.Token;
    }

    /// <summary>The item that came; false if the end did.</summary>
    private protected bool TryTake(short token, out T item)
    {
        item = Wait().GetResult(token);
        _wait = null;
        return !_hasEnded;
    }

    private Waiter<T> Wait() => _wait ?? throw new InvalidOperationException(
        "This wait has been awaited already. It can be awaited once: to await it several times, call AsTask() once and await "
        + "the task.");
}
