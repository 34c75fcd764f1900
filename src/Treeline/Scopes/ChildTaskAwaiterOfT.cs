using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>What the compiler uses to await a <see cref="ChildTask{T}"/>.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
public readonly struct ChildTaskAwaiter<T> : ICriticalNotifyCompletion, IWorkItemAwaiter
{
    private readonly ChildNode<T> _child;
    private readonly int _version;

    internal ChildTaskAwaiter(ChildNode<T> child, int version)
    {
        _child = child;
        _version = version;
    }

    /// <inheritdoc cref="ChildTaskAwaiter.IsCompleted"/>
    public bool IsCompleted => Plain.IsCompleted;

    private ChildTaskAwaiter Plain => new(_child, _version);

    /// <summary>The result; throws what the child ended with, if not with success.</summary>
    /// <returns>The child's result.</returns>
    public T GetResult()
    {
        Plain.GetResult();
        return _child.Result!;
    }

    /// <inheritdoc/>
    public void OnCompleted(Action continuation) => Plain.OnCompleted(continuation);

    /// <inheritdoc/>
    public void UnsafeOnCompleted(Action continuation) => Plain.UnsafeOnCompleted(continuation);

    void IWorkItemAwaiter.OnCompleted(IThreadPoolWorkItem resume, Executor executor) =>
        _child.Suspend(resume, executor, _version);
}
