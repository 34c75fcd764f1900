using System.Collections.Concurrent;

namespace Treeline.Jobs.Tests;

/// <summary>A handler's door: a test waits until a job stands at it, and lets it through, or has it throw.</summary>
internal sealed class Gate
{
    private readonly ConcurrentDictionary<long, TaskCompletionSource<JobContext>> _arrived = [];
    private readonly ConcurrentDictionary<long, TaskCompletionSource<object?>> _opened = [];

    /// <summary>A handler that stops at the door and obeys cancellation there.</summary>
    public JobHandler Handler => (job, cancellationToken) => PassAsync(job).WaitAsync(cancellationToken);

    /// <summary>A handler that stops at the door and does not care about cancellation.</summary>
    public JobHandler StubbornHandler => (job, _) => PassAsync(job);

    public Task<JobContext> ArrivalAsync(long id) => Arrived(id).Task.WaitAsync(Deadline.Of);

    public void Open(long id, object? result = null) => Opened(id).TrySetResult(result);

    public void Fail(long id, Exception error) => Opened(id).TrySetException(error);

    private Task<object?> PassAsync(JobContext job)
    {
        Arrived(job.JobId).TrySetResult(job);
        return Opened(job.JobId).Task;
    }

    private TaskCompletionSource<JobContext> Arrived(long id) => _arrived.GetOrAdd(id, _ => New<JobContext>());

    private TaskCompletionSource<object?> Opened(long id) => _opened.GetOrAdd(id, _ => New<object?>());

    private static TaskCompletionSource<T> New<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
