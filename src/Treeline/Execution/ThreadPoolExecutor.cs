namespace Treeline;

/// <summary>The default executor. A work item costs no allocation; work spawned on a pool thread stays near it.</summary>
internal sealed class ThreadPoolExecutor : Executor
{
    public override void Schedule(IThreadPoolWorkItem work) =>
        System.Threading.ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: true);
}
