namespace Treeline;

/// <summary>A child task with a result; work that has none gives <see cref="Nothing"/>.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
internal abstract class ChildNode<T> : ChildNode
{
    /// <summary>Owner: the thread that runs the work, until the child has ended; from then on it does not change.</summary>
    public T? Result { get; private protected set; }

    private protected sealed override bool HasResult => typeof(T) != typeof(Nothing);

    private protected sealed override object NewCompletion() => new TaskCompletionSource<T>();

    private protected sealed override Task TaskOf(object completion) => ((TaskCompletionSource<T>)completion).Task;

    private protected sealed override void Complete(object completion)
    {
        var source = (TaskCompletionSource<T>)completion;
        switch (Error)
        {
            case null:
                source.TrySetResult(Result!);
                break;
            case OperationCanceledException cancelled when State == NodeState.Cancelled:
                // By way of a task that keeps the exception, and with it why. TrySetCanceled would make up another.
                var promise = new TaskPromise<T>();
                promise.Complete(default!, cancelled);
                source.TrySetFromTask(promise.Task);
                break;
            case var error:
                source.TrySetException(error);
                if (!Scope.LeavesFailuresToAwaiters)
                {
                    _ = source.Task.Exception; // it reaches somebody, whether or not this task is awaited
                }

                break;
        }
    }
}
