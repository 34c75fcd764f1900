using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>What the compiler uses to await a <see cref="Fiber{T}"/>.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
public readonly struct FiberAwaiter<T> : ICriticalNotifyCompletion, IFiberAwaiter
{
    private readonly FiberBox<T> _box;
    private readonly int _version;

    internal FiberAwaiter(FiberBox<T> box, int version)
    {
        _box = box;
        _version = version;
    }

    /// <summary>False: it starts when it is awaited.</summary>
    public bool IsCompleted => false;

    /// <summary>The result; throws what the fiber threw.</summary>
    /// <returns>The fiber's result.</returns>
    public T GetResult() => _box.TakeResult(_version);

    // The awaiting code is no fiber: a task carries the news, to where .NET says. One that has ended at once is queued, so
    // that a loop that awaits such fibers does not grow the stack.

    /// <inheritdoc/>
    public void OnCompleted(Action continuation) => Begin().GetAwaiter().OnCompleted(continuation);

    /// <inheritdoc/>
    public void UnsafeOnCompleted(Action continuation) => Begin().GetAwaiter().UnsafeOnCompleted(continuation);

    void IFiberAwaiter.Start(ChildNode awaiting) => _box.StartAwaited(awaiting, _version);

    private Task Begin()
    {
        try
        {
            return _box.StartAsTask(_version, FiberUse.AwaitedByPlain);
        }
        catch (InvalidOperationException)
        {
            // Somebody has taken it since the awaiter was made. What is thrown here would end the process; GetResult says it.
            return Task.CompletedTask;
        }
    }
}
