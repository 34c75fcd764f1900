namespace Treeline;

/// <summary>A <see cref="ChildTask"/> with a result.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
public sealed class ChildTask<T> : ChildTask
{
    private T? _result;

    // Published under the gate by whoever asks first: open before the end, for OnClosed to complete, and completed after.
    // So its continuations run where OnClosed completes it, which is the last thing that thread does here.
    private TaskCompletionSource<T>? _completion;

    internal ChildTask(TaskScope scope, Delegate work, CallSite site)
        : base(scope, work, site)
    {
    }

    internal override Task<T> Completion
    {
        get
        {
            var completion = new TaskCompletionSource<T>();
            if (!IsCompleted)
            {
                using (Gate.Enter())
                {
                    if (!IsCompleted)
                    {
                        return (_completion ??= completion).Task;
                    }
                }
            }

            Complete(completion);
            using (Gate.Enter())
            {
                return (_completion ??= completion).Task;
            }
        }
    }

    /// <summary>
    /// Awaits the child.
    /// Cancellation: a cancelled child throws the <see cref="OperationCanceledException"/> that ended it; waiting itself
    /// is not cancelled. Any number of awaiters may wait, before and after it ends.
    /// </summary>
    /// <returns>The awaiter. It gives the result, or rethrows what the child failed with, with its stack.</returns>
    /// <exception cref="InvalidOperationException">The child awaits itself.</exception>
    public new ChildTaskAwaiter<T> GetAwaiter()
    {
        ThrowIfAwaitedByItself();
        return new ChildTaskAwaiter<T>(this);
    }

    /// <summary>
    /// The child as a <see cref="Task{TResult}"/>, for code that needs one. From then on the child counts as looked at.
    /// Cancellation: as when awaiting the child.
    /// </summary>
    /// <returns>A task that ends as the child does.</returns>
    public new Task<T> AsTask() => (Task<T>)base.AsTask();

    /// <summary>
    /// Waits for the child and tells how it ended, without throwing. The child counts as looked at.
    /// Cancellation: a cancelled child gives a cancelled outcome; waiting itself is not cancelled.
    /// </summary>
    /// <returns>The outcome.</returns>
    public async Task<Outcome<T>> OutcomeAsync()
    {
        await base.AsTask().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return Error switch
        {
            null => Outcome<T>.Succeeded(_result!),
            OperationCanceledException e when State == NodeState.Cancelled => Outcome<T>.Cancelled(e),
            var e => Outcome<T>.Failed(e),
        };
    }

    internal T GetResult()
    {
        ThrowIfUnsuccessful();
        return _result!;
    }

    private protected override void MarkCompletionHandled() => _ = Volatile.Read(ref _completion)?.Task.Exception;

    private protected override Task? Invoke(Delegate work, CancellationToken cancellationToken)
    {
        switch (work)
        {
            case Func<CancellationToken, ValueTask<T>> function:
                ValueTask<T> answer = function(cancellationToken);
                if (answer.IsCompletedSuccessfully)
                {
                    _result = answer.Result;
                    return null;
                }

                return answer.AsTask();

            case Func<CancellationToken, ValueTask> action:
                ValueTask done = action(cancellationToken);
                if (done.IsCompletedSuccessfully)
                {
                    done.GetAwaiter().GetResult();
                    return null;
                }

                return done.AsTask();

            default:
                return ((Func<CancellationToken, Task>)work)(cancellationToken)
                    ?? throw new InvalidOperationException($"The delegate of '{Path}' returned null instead of a task.");
        }
    }

    private protected override void KeepResult(Task finished)
    {
        if (finished is Task<T> task)
        {
            _result = task.Result;
        }
    }

    private protected override void OnClosed(bool inline)
    {
        // Made under the gate before the child was final, or else by somebody who saw that it was and completes it.
        if (_completion is not { } completion)
        {
            return;
        }

        if (inline)
        {
            Complete(completion);
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static state => state.Child.Complete(state.Completion), (Child: this, Completion: completion), preferLocal: true);
        }
    }

    private void Complete(TaskCompletionSource<T> completion)
    {
        switch (Error)
        {
            case null:
                completion.TrySetResult(_result!);
                break;
            case OperationCanceledException when State == NodeState.Cancelled:
                completion.TrySetCanceled(Scope.Token);
                break;
            case var error:
                completion.TrySetException(error);
                if (Scope.SurfacesEveryFailure)
                {
                    _ = completion.Task.Exception; // it reaches somebody, whether or not this task is awaited
                }

                break;
        }
    }
}
