using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>
/// A task to complete by hand as an async method completes its own: an <see cref="OperationCanceledException"/> makes it
/// cancelled and is kept, message and all, which a <see cref="TaskCompletionSource{TResult}"/> cannot do.
/// </summary>
/// <typeparam name="T">The type of the result.</typeparam>
internal sealed class TaskPromise<T> : TaskPromise
{
    private static readonly Task<T> s_default = System.Threading.Tasks.Task.FromResult(default(T)!);

    private AsyncTaskMethodBuilder<T> _builder = AsyncTaskMethodBuilder<T>.Create();

    public TaskPromise() => _ = _builder.Task; // made before anybody else can ask

    public Task<T> Task => _builder.Task;

    /// <summary>A task that has ended with <paramref name="result"/>.</summary>
    public static Task<T> Completed(T result) =>
        typeof(T) == typeof(Nothing) ? s_default : System.Threading.Tasks.Task.FromResult(result);

    /// <summary>The result of the body of a scope; of one that never ran, the default.</summary>
    public static T ResultOf(object? body) => body is IScopeBody<T> { } ran ? ran.TakeResult() : default!;

    /// <summary>Ends the task. Continuations may run before this returns.</summary>
    public void Complete(T result, Exception? error)
    {
        if (error is null)
        {
            _builder.SetResult(result);
        }
        else
        {
            _builder.SetException(error);
        }
    }

    public override void CompleteRun(object? body, Exception? error) => Complete(ResultOf(body), error);
}
