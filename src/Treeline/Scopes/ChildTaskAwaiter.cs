using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>What the compiler uses to await a <see cref="ChildTask"/>.</summary>
public readonly struct ChildTaskAwaiter : ICriticalNotifyCompletion, IWorkItemAwaiter
{
    private readonly ChildNode _child;
    private readonly int _version;

    internal ChildTaskAwaiter(ChildNode child, int version)
    {
        _child = child;
        _version = version;
    }

    /// <summary>True once the child has ended; false all the same when the code should give way to others first.</summary>
    public bool IsCompleted => _child.HasEnded(_version) && Budget.TryConsume();

    private TaskAwaiter TaskAwaiter =>
        (_child.Completion(_version, observe: false) ?? Task.CompletedTask).GetAwaiter();

    /// <summary>Throws what the child ended with, if not with success.</summary>
    public void GetResult()
    {
        (WorkerThread.Current.Node ?? Ambient.Current)?.EndWait(_child);
        _child.ThrowIfUnsuccessful(_version);
    }

    // The awaiting code is no fiber: a task carries the news, to where .NET says.

    /// <inheritdoc/>
    public void OnCompleted(Action continuation)
    {
        Ambient.BeginWait(_child, _version);
        TaskAwaiter.OnCompleted(continuation);
    }

    /// <inheritdoc/>
    public void UnsafeOnCompleted(Action continuation)
    {
        Ambient.BeginWait(_child, _version);
        TaskAwaiter.UnsafeOnCompleted(continuation);
    }

    void IWorkItemAwaiter.OnCompleted(IThreadPoolWorkItem resume, Executor executor) =>
        _child.Suspend(resume, executor, _version);
}
