namespace Treeline;

/// <summary>A body whose delegate returns a <see cref="Task"/> or a <see cref="ValueTask"/>.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
internal sealed class PlainBody<T>(TaskScope scope) : IScopeBody<T>
{
    private T? _result;
    private Task? _running;

    public T TakeResult() => _result!;

    /// <summary>Calls the delegate. When what it returns has ended, the scope is told.</summary>
    /// <param name="body">The delegate.</param>
    /// <param name="takesToken">Whether it gets the scope's token, or the scope.</param>
    public void Start(Delegate body, bool takesToken)
    {
        Task? running;
        try
        {
            running = takesToken
                ? PlainDelegate<CancellationToken, T>.Call(body, scope.Token, scope, ref _result)
                : PlainDelegate<TaskScope, T>.Call(body, scope, scope, ref _result);
        }
        catch (Exception e)
        {
            scope.BodyEnded(e);
            return;
        }

        if (running is null || running.IsCompleted)
        {
            EndWith(running);
        }
        else
        {
            _running = running;
            running.ConfigureAwait(SchedulerContext.IsCurrent).GetAwaiter().UnsafeOnCompleted(() => EndWith(_running));
        }
    }

    private void EndWith(Task? ended)
    {
        if (ended is Task<T> { IsCompletedSuccessfully: true } task)
        {
            _result = task.Result;
        }
        else if (ended?.Exception is { } several)
        {
            // A task may carry more than one (Task.WhenAll handed back as it is): none is dropped.
            foreach (Exception error in several.InnerExceptions)
            {
                scope.BodyThrew(error);
            }
        }
        else if (ended is { IsCanceled: true })
        {
            try
            {
                ended.GetAwaiter().GetResult();
            }
            catch (OperationCanceledException e)
            {
                scope.BodyThrew(e);
            }
        }

        scope.BodyEnded(null);
    }
}
