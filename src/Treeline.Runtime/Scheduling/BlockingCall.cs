namespace Treeline;

/// <summary>The first step of what a thread blocks on: it starts the rest on a worker, in the caller's execution context.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
internal sealed class BlockingCall<T>(Func<Task<T>> start) : IThreadPoolWorkItem
{
    private static readonly ContextCallback s_begin = static call => ((BlockingCall<T>)call!).Begin();

    private readonly ExecutionContext? _context = ExecutionContext.Capture();
    private readonly TaskCompletionSource<T> _ended = new();

    /// <summary>Completes with what was started.</summary>
    public Task<T> Task => _ended.Task;

    public void Execute()
    {
        if (_context is null)
        {
            Begin();
        }
        else
        {
            ExecutionContext.Run(_context, s_begin, this);
        }
    }

    private void Begin()
    {
        Task<T> task;
        try
        {
            task = start();
        }
        catch (Exception e)
        {
            _ended.SetException(e);
            return;
        }

        task.ContinueWith(
            static (task, ended) => ((TaskCompletionSource<T>)ended!).SetFromTask(task),
            _ended,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }
}
