namespace Treeline;

/// <summary>The synchronization context of work that is to come back to its scheduler after every await.</summary>
internal sealed class SchedulerContext(Scheduler scheduler) : SynchronizationContext
{
    /// <summary>Schedules <paramref name="d"/>.</summary>
    public override void Post(SendOrPostCallback d, object? state) => scheduler.Schedule(new Posted(d, state));

    /// <summary>Runs <paramref name="d"/> at once on a thread of the scheduler; elsewhere schedules it and waits.</summary>
    public override void Send(SendOrPostCallback d, object? state)
    {
        if (WorkerThread.Current.Worker?.Scheduler == scheduler)
        {
            d(state);
            return;
        }

        var sent = new TaskCompletionSource();
        Post(
            _ =>
            {
                try
                {
                    d(state);
                    sent.SetResult();
                }
                catch (Exception e)
                {
                    sent.SetException(e); // rethrown by Send
                }
            },
            null);
        sent.Task.GetAwaiter().GetResult();
    }

    public override SynchronizationContext CreateCopy() => this;

    private sealed class Posted(SendOrPostCallback callback, object? state) : IThreadPoolWorkItem
    {
        public void Execute() => callback(state);
    }
}
