namespace Treeline;

/// <summary>A child whose delegate returns a <see cref="Task"/> or a <see cref="ValueTask"/>.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
internal sealed class PlainChild<T> : ChildNode<T>
{
    private static readonly ContextCallback s_begin = static child => ((PlainChild<T>)child!).Begin();

    // What there is of the work at its stage: the delegate; once called, the task it returned while that runs. Owner: the
    // thread that runs it.
    private object? _work;
    private Action? _onCompleted;

    internal override bool IsChild => true;

    internal override bool PublishesItself => true;

    /// <summary>A child that will call <paramref name="work"/>, in the context that is current now.</summary>
    public static PlainChild<T> Rent(Delegate work)
    {
        PlainChild<T> child = Pool<PlainChild<T>>.TryRent() ?? new PlainChild<T>();
        child._work = work;
        child.Context = ExecutionContext.Capture();
        return child;
    }

    internal override void Step(WorkerThread thread)
    {
        if (!TryTake())
        {
            throw new InvalidOperationException(
                $"The executor ran '{Path}' twice. Executor.Schedule must run each work item exactly once.");
        }

        // The code is not Treeline's, so it learns from its context where in the tree it is. Whatever it changes in the
        // context is undone when it first waits, as everywhere in .NET.
        ExecutionContext context = Context ?? DefaultContext.Value;
        Context = null;
        thread.Node = null;
        ExecutionContext.Run(context, s_begin, this);
    }

    private protected override void ReturnToPool() => Pool<PlainChild<T>>.Return(this);

    private protected override void DropWork()
    {
        _work = null;
        Context = null;
    }

    private void Begin()
    {
        if (Scope.IsCancellationRequested)
        {
            NeverStart();
            return;
        }

        MarkStarted();
        Ambient.Published = new NodeRef(this);
        if (TreeEvents.WatchesCode)
        {
            TreeEvents.CodeBegins(this);
        }

        var function = (Delegate)_work!;
        _work = null;
        T? result = default;
        Task? work;
        try
        {
            work = PlainDelegate<CancellationToken, T>.Call(function, Scope.Token, this, ref result);
        }
        catch (Exception e)
        {
            EndWork(e);
            return;
        }

        if (work is null)
        {
            Result = result;
            EndWork(null, dispatched: true);
        }
        else if (work.IsCompleted)
        {
            EndWith(work);
        }
        else
        {
            _work = work;
            work.ConfigureAwait(SchedulerContext.IsCurrent).GetAwaiter().UnsafeOnCompleted(_onCompleted ??= OnCompleted);
        }
    }

    private void OnCompleted()
    {
        var work = (Task)_work!;
        _work = null;
        EndWith(work);
    }

    private void EndWith(Task work)
    {
        if (work.IsCompletedSuccessfully)
        {
            if (work is Task<T> task)
            {
                Result = task.Result;
            }

            EndWork(null);
        }
        else if (work.Exception is { } several)
        {
            // A task may carry more than one (Task.WhenAll handed back as it is): none is dropped.
            EndWork(several.InnerExceptions.Count == 1 ? several.InnerException : several);
        }
        else
        {
            try
            {
                work.GetAwaiter().GetResult();
            }
            catch (OperationCanceledException e)
            {
                EndWork(e);
            }
        }
    }
}
