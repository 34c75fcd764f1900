using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>What <see cref="Fiber.Yield"/> gives to await, and its awaiter.</summary>
public readonly struct FiberYield : ICriticalNotifyCompletion, IWorkItemAwaiter
{
    /// <summary>False: it always lets others run first.</summary>
    public bool IsCompleted => false;

    /// <summary>Itself.</summary>
    /// <returns>The awaiter.</returns>
    public FiberYield GetAwaiter() => this;

    /// <summary>Gives nothing.</summary>
    public void GetResult()
    {
    }

    // Awaited in code that is no fiber.

    /// <inheritdoc/>
    public void OnCompleted(Action continuation) => default(YieldAwaitable.YieldAwaiter).OnCompleted(continuation);

    /// <inheritdoc/>
    public void UnsafeOnCompleted(Action continuation) => default(YieldAwaitable.YieldAwaiter).UnsafeOnCompleted(continuation);

    void IWorkItemAwaiter.OnCompleted(IThreadPoolWorkItem resume, Executor executor) => executor.ScheduleYielded(resume);
}
