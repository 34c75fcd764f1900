namespace Treeline;

/// <summary>The synchronization context of work that is to come back to its scheduler after every await.</summary>
/// <remarks>
/// Treeline's own awaits go on wherever they please, except in such a context: there even they come back, so that a thread
/// that turns a crank by itself knows, when it has nothing to do, that there is nothing.
/// </remarks>
internal class SchedulerContext(Scheduler scheduler) : SynchronizationContext
{
    /// <summary>
    /// Where whoever is to go on in this context can be scheduled as what it is, because that sets the context; null: only by <see cref="Post"/>.
    /// </summary>
    public virtual Executor? Direct => null;

    /// <summary>True in code that runs in such a context.</summary>
    public static bool IsCurrent => Current is SchedulerContext;

    /// <summary>For Treeline's own awaits, with <see cref="IsCurrent"/>: come back to the scheduler, if there is one, and do not throw.</summary>
    public static ConfigureAwaitOptions SuppressThrowing => IsCurrent
        ? ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext
        : ConfigureAwaitOptions.SuppressThrowing;

    /// <summary>
    /// Runs <paramref name="work"/> soon and not on this stack: on the scheduler of the calling code if that is in such a
    /// context, else on the thread pool.
    /// </summary>
    public static void RunSoon<T>(Action<T> work, T state)
    {
        if (Current is SchedulerContext context)
        {
            context.Post(static call => ((Call<T>)call!).Run(), new Call<T>(work, state));
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(work, state, preferLocal: true);
        }
    }

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

    private sealed class Call<T>(Action<T> work, T state)
    {
        public void Run() => work(state);
    }

    private protected sealed class Posted(SendOrPostCallback callback, object? state) : IThreadPoolWorkItem
    {
        public void Execute() => callback(state);
    }
}
