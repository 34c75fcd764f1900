using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>What the compiler uses to await a <see cref="ChildTask"/>.</summary>
public readonly struct ChildTaskAwaiter : ICriticalNotifyCompletion
{
    private readonly ChildTask _child;

    internal ChildTaskAwaiter(ChildTask child) => _child = child;

    /// <summary>True once the child has ended.</summary>
    public bool IsCompleted => _child.IsCompleted;

    /// <summary>Throws what the child ended with, if not with success.</summary>
    public void GetResult()
    {
        Ambient.Current?.EndWait(_child);
        if (!_child.IsCompleted)
        {
            throw new InvalidOperationException(
                $"'{_child.Path}' has not ended. Use await; blocking on a child would hold a thread that may have to run it.");
        }

        _child.ThrowIfUnsuccessful();
    }

    /// <inheritdoc/>
    public void OnCompleted(Action continuation)
    {
        Ambient.Current?.BeginWait(_child);
        _child.Completion.GetAwaiter().OnCompleted(continuation);
    }

    /// <inheritdoc/>
    public void UnsafeOnCompleted(Action continuation)
    {
        Ambient.Current?.BeginWait(_child);
        _child.Completion.GetAwaiter().UnsafeOnCompleted(continuation);
    }
}
