namespace Treeline;

/// <summary>
/// What is current in code that runs on a runtime: after every await, of Treeline's or anything else's, it comes back to the
/// runtime's workers.
/// </summary>
internal sealed class RuntimeContext(Scheduler scheduler) : SchedulerContext(scheduler)
{
    private readonly Scheduler _scheduler = scheduler;

    public override Executor Direct => _scheduler;

    /// <summary>Schedules; once the runtime has been shut down, on the thread pool: a continuation must not be lost.</summary>
    public override void Post(SendOrPostCallback d, object? state)
    {
        try
        {
            base.Post(d, state);
        }
        catch (ObjectDisposedException)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static call => call.d(call.state), (d, state), preferLocal: false);
        }
    }
}
