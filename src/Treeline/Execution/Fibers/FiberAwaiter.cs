using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>What the compiler uses to await a <see cref="Fiber"/>.</summary>
public readonly struct FiberAwaiter : ICriticalNotifyCompletion, IFiberAwaiter
{
    private readonly FiberAwaiter<Nothing> _inner;

    internal FiberAwaiter(FiberAwaiter<Nothing> inner) => _inner = inner;

    /// <inheritdoc cref="FiberAwaiter{T}.IsCompleted"/>
    public bool IsCompleted => false;

    /// <summary>Throws what the fiber threw, if anything.</summary>
    public void GetResult() => _inner.GetResult();

    /// <inheritdoc/>
    public void OnCompleted(Action continuation) => _inner.OnCompleted(continuation);

    /// <inheritdoc/>
    public void UnsafeOnCompleted(Action continuation) => _inner.UnsafeOnCompleted(continuation);

    void IFiberAwaiter.Start(ChildNode awaiting) => StartInner(_inner, awaiting);

    private static void StartInner<TAwaiter>(TAwaiter awaiter, ChildNode awaiting)
        where TAwaiter : struct, IFiberAwaiter => awaiter.Start(awaiting);
}
