using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Treeline.Futures;

/// <summary>
/// A future by value, with the operators on it. What the operators give wraps what they were given, so a chain of them is one
/// struct whose parts call each other directly, and becomes one object when it is driven.
/// </summary>
/// <remarks>An <see cref="IFuture{T}"/> of yours has the same operators, by <see cref="Future"/>: one interface call to a poll.</remarks>
/// <typeparam name="TFuture">What it consists of; if that is a struct, no call to it is virtual.</typeparam>
/// <typeparam name="T">What it gives.</typeparam>
[DebuggerDisplay("{ToString(),nq}")]
public struct Future<TFuture, T> : IFuture<T>, IDisposable, IComposite
    where TFuture : IFuture<T>
{
    private TFuture _inner;

    /// <summary>Begins a chain with <paramref name="inner"/>, which belongs to the chain from here on.</summary>
    /// <param name="inner">A future that has not been polled.</param>
    public Future(TFuture inner)
    {
        _inner = inner is not null ? inner : throw new ArgumentNullException(nameof(inner)); // ThrowIfNull would box it
    }

    internal readonly TFuture Inner => _inner;

    /// <inheritdoc/>
    public Poll<T> Poll(ref Context context) => _inner.Poll(ref context);

    /// <summary>Drops it: called once, by whoever has polled it, after the last poll.</summary>
    public void Dispose() => Dropper<TFuture>.Drop(ref _inner);

    /// <summary>Makes another result of the result.</summary>
    /// <typeparam name="TResult">The type of the other.</typeparam>
    /// <param name="selector">Makes it, within the poll. What it throws, the future throws.</param>
    /// <returns>A future that gives the other.</returns>
    public readonly Future<MapFuture<TFuture, T, TResult>, TResult> Map<TResult>(Func<T, TResult> selector)
    {
        ArgumentNullException.ThrowIfNull(selector);
        return new(new MapFuture<TFuture, T, TResult>(_inner, selector));
    }

    /// <summary>Goes on with another future when this one has its result.</summary>
    /// <typeparam name="TNext">What the other consists of.</typeparam>
    /// <typeparam name="TResult">What the other gives.</typeparam>
    /// <param name="next">Makes the other, within the poll. What it throws, the future throws.</param>
    /// <returns>A future that gives what the other gives.</returns>
    public readonly Future<ThenFuture<TFuture, T, Future<TNext, TResult>, TResult>, TResult> Then<TNext, TResult>(
        Func<T, Future<TNext, TResult>> next)
        where TNext : IFuture<TResult>
    {
        ArgumentNullException.ThrowIfNull(next);
        return new(new ThenFuture<TFuture, T, Future<TNext, TResult>, TResult>(_inner, next));
    }

    /// <inheritdoc cref="Then{TNext, TResult}(Func{T, Future{TNext, TResult}})"/>
    public readonly Future<ThenFuture<TFuture, T, IFuture<TResult>, TResult>, TResult> Then<TResult>(Func<T, IFuture<TResult>> next)
    {
        ArgumentNullException.ThrowIfNull(next);
        return new(new ThenFuture<TFuture, T, IFuture<TResult>, TResult>(_inner, next));
    }

    /// <summary>For those who cannot know whether it has ended: polled after its end, it is pending, for ever.</summary>
    /// <returns>A future that may be polled after its end.</returns>
    public readonly Future<FuseFuture<TFuture, T>, T> Fuse() => new(new FuseFuture<TFuture, T>(_inner));

    /// <summary>
    /// Drives it: polls it at once, here, and then whenever it is woken, as a task on the executor of the calling code.
    /// Cancellation: the future is dropped, after the poll that may be running; if that poll gave the result, the wait has succeeded.
    /// What a future may have done by then is said where it is made.
    /// </summary>
    /// <param name="cancellationToken">Drops the future.</param>
    /// <returns>A wait to be awaited once. The future, dropped, has ended before it does.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public readonly ValueTask<T> AsValueTask(CancellationToken cancellationToken = default) =>
        FutureTask<TFuture, T>.Start(_inner, cancellationToken);

    /// <summary>
    /// Awaits it, as <see cref="AsValueTask"/> without a token.
    /// Cancellation: none; whoever has a token gives it to <see cref="AsValueTask"/>.
    /// </summary>
    /// <returns>The awaiter.</returns>
    [SuppressMessage("Reliability", "CA2012", Justification = "The awaiter is used once, by the compiler.")]
    public readonly ValueTaskAwaiter<T> GetAwaiter() => AsValueTask().GetAwaiter();

    /// <summary>
    /// Drives it on the calling thread, which blocks until it has ended.
    /// Cancellation: as with <see cref="AsValueTask"/>.
    /// </summary>
    /// <param name="cancellationToken">Drops the future.</param>
    /// <returns>The result.</returns>
    /// <exception cref="InvalidOperationException">The thread runs a worker of Treeline's.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public readonly T BlockOn(CancellationToken cancellationToken = default) =>
        ParkedThread.Run<TFuture, T>(_inner, cancellationToken);

    /// <summary>What it consists of.</summary>
    /// <returns>For people.</returns>
    public override readonly string ToString() => _inner?.ToString() ?? "a future that was dropped";

    readonly object IComposite.MakeDropper() => new CompositeDropper<Future<TFuture, T>>();
}
