namespace Treeline;

/// <summary>A child task with a result; work that has none gives <see cref="Nothing"/>.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
internal abstract class ChildNode<T> : ChildNode
{
    // True once a join set has the result: nobody asks the child for it any more. Written after it has been read.
    private volatile bool _resultTaken;

    /// <summary>Owner: the thread that runs the work, until the child has ended; from then on it does not change.</summary>
    public T? Result { get; private protected set; }

    private protected sealed override bool HasResult => typeof(T) != typeof(Nothing) && !_resultTaken;

    /// <summary>
    /// How it ended, for the one who takes its result away. If it succeeded, the object may serve another from here on.
    /// </summary>
    internal Outcome<T> TakeOutcome()
    {
        Outcome<T> outcome = Outcome;
        if (outcome.IsSuccess)
        {
            _resultTaken = true;
        }

        return outcome;
    }

    /// <summary>How it ended. Asked after it has, by who knows that the object serves no other.</summary>
    internal Outcome<T> Outcome => Error switch
    {
        null => Outcome<T>.Succeeded(Result!),
        OperationCanceledException e when State == NodeState.Cancelled => Outcome<T>.Cancelled(e),
        var e => Outcome<T>.Failed(e),
    };

    private protected override void OnRenewed()
    {
        Result = default;
        _resultTaken = false;
    }

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
