namespace Treeline;

/// <summary>Counts and tells of dispatches that take too long. After Tokio's unstable <c>poll_time</c> metrics; here the monitor sees them while they last.</summary>
/// <remarks>
/// <b>Protocol.</b> <see cref="Seen"/> is called by the monitor's thread alone, which owns <c>_told</c>. What it says about the task is read
/// while that runs, so it is a guess: the task may have ended meanwhile, and another be named.
/// </remarks>
internal sealed class SlowPolls(TimeSpan threshold, Action<SlowPoll>? tell)
{
    private readonly Dictionary<Worker, uint> _told = [];
    private long _count;

    /// <summary>Whether anybody wants to know what runs.</summary>
    public bool IsOn => tell is not null;

    public long Count => Volatile.Read(ref _count);

    /// <summary>A dispatch goes on, or has ended.</summary>
    /// <returns>Whether it may have to be told of later.</returns>
    public bool Seen(Worker worker, uint dispatch, TimeSpan elapsed)
    {
        if (elapsed < threshold)
        {
            return true;
        }

        if (_told.TryGetValue(worker, out uint told) && told == dispatch)
        {
            return false;
        }

        _told[worker] = dispatch;
        Volatile.Write(ref _count, _count + 1);
        if (tell is null)
        {
            return false;
        }

        WorkerThread? thread = worker.OnThread;
        TreeNode? node = thread?.Node ?? thread?.Running as TreeNode;
        string task = node is not null ? $"'{node.Path}'"
            : thread?.Running is WaiterBase { Continues: { } method } ? $"The async method {method}"
            : "A continuation";
        try
        {
            tell(new SlowPoll(task, node?.SpawnSite, elapsed, worker.Thread?.Name));
        }
        catch (Exception e)
        {
            // The hook is the user's; the monitor must go on. Nobody is there to catch it.
            ThreadPool.UnsafeQueueUserWorkItem(
                static e => System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e), e, preferLocal: false);
        }

        return false;
    }
}
