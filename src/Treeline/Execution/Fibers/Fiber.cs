using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>
/// What an async method without a result returns to run on Treeline's engine: <c>async Fiber PumpAsync()</c>. It starts
/// when it is awaited or spawned, runs once, and in the steady state costs no allocation. Lambdas given to
/// <see cref="TaskScope"/> become fibers by themselves.
/// </summary>
/// <inheritdoc cref="Fiber{T}" path="/remarks"/>
[AsyncMethodBuilder(typeof(FiberMethodBuilder))]
[DebuggerDisplay("{ToString(),nq}")]
public readonly struct Fiber
{
    internal Fiber(Fiber<Nothing> inner) => Inner = inner;

    internal Fiber<Nothing> Inner { get; }

    /// <summary>
    /// Lets others run: what awaits it goes on after the work that is queued already.
    /// Cancellation: it waits for nothing, so there is nothing to cancel.
    /// </summary>
    /// <returns>What to await.</returns>
    public static FiberYield Yield() => default;

    /// <summary>
    /// Awaits the fiber, which runs it.
    /// Cancellation: it ends as its code does; waiting for it is not cancelled, so nothing it started is left behind.
    /// </summary>
    /// <returns>The awaiter. It rethrows what the fiber threw.</returns>
    /// <exception cref="InvalidOperationException">It has been awaited, spawned or made a task before.</exception>
    public FiberAwaiter GetAwaiter() => new(Inner.GetAwaiter());

    /// <inheritdoc cref="Fiber{T}.AsTask"/>
    public Task AsTask() => Inner.AsTask();

    /// <inheritdoc cref="Fiber{T}.ToString"/>
    public override string ToString() => Inner.ToString();
}
