using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>
/// What an async method returns to run on Treeline's engine: <c>async Fiber&lt;int&gt; SumAsync()</c>. It starts when it is
/// awaited or spawned, runs once, and in the steady state costs no allocation. Lambdas given to
/// <see cref="TaskScope"/> become fibers by themselves.
/// </summary>
/// <typeparam name="T">The type of the result.</typeparam>
/// <remarks>
/// It can be awaited once, from a fiber or from any other async method, or be turned into a task. After a Treeline wait it
/// goes on where its scope's executor says; after any other wait, where .NET says.
/// </remarks>
[AsyncMethodBuilder(typeof(FiberMethodBuilder<>))]
[DebuggerDisplay("{ToString(),nq}")]
public readonly struct Fiber<T>
{
    private readonly FiberBox<T>? _box;

    internal Fiber(FiberBox<T> box)
    {
        _box = box;
        Version = box.Version;
    }

    internal FiberBox<T> Box =>
        _box ?? throw new InvalidOperationException("default(Fiber) is no fiber: call an async method that returns one.");

    internal int Version { get; }

    /// <summary>
    /// Awaits the fiber, which runs it.
    /// Cancellation: it ends as its code does; waiting for it is not cancelled, so nothing it started is left behind.
    /// </summary>
    /// <returns>The awaiter. It gives the result, or rethrows what the fiber threw.</returns>
    /// <exception cref="InvalidOperationException">It has been awaited, spawned or made a task before.</exception>
    public FiberAwaiter<T> GetAwaiter()
    {
        Box.ThrowIfClaimed(Version);
        return new FiberAwaiter<T>(Box, Version);
    }

    /// <summary>
    /// Runs the fiber, at once and on this thread until it first waits, for code that needs a task.
    /// Cancellation: it ends as its code does.
    /// </summary>
    /// <returns>A task that ends as the fiber does.</returns>
    /// <exception cref="InvalidOperationException">It has been awaited, spawned or made a task before.</exception>
    public Task<T> AsTask() => Box.StartAsTask(Version, FiberUse.Task);

    /// <summary>The method, and what has become of the fiber.</summary>
    public override string ToString() => _box?.Describe(Version) ?? "no fiber";
}
