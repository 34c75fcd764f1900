using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>What the compiler uses to await a <see cref="ChildTask{T}"/>.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
public readonly struct ChildTaskAwaiter<T> : ICriticalNotifyCompletion
{
    private readonly ChildTask<T> _child;

    internal ChildTaskAwaiter(ChildTask<T> child) => _child = child;

    /// <summary>True once the child has ended.</summary>
    public bool IsCompleted => _child.IsCompleted;

    /// <summary>The result; throws what the child ended with, if not with success.</summary>
    /// <returns>The child's result.</returns>
    public T GetResult()
    {
        new ChildTaskAwaiter(_child).GetResult();
        return _child.GetResult();
    }

    /// <inheritdoc/>
    public void OnCompleted(Action continuation) => new ChildTaskAwaiter(_child).OnCompleted(continuation);

    /// <inheritdoc/>
    public void UnsafeOnCompleted(Action continuation) => new ChildTaskAwaiter(_child).UnsafeOnCompleted(continuation);
}
