namespace Treeline;

/// <summary>
/// A place where children of a scope run. The default is the .NET thread pool; a program can bring its own, for example
/// one thread that owns a device.
/// </summary>
/// <remarks>
/// An executor decides where a child starts, and where a fiber goes on after it has waited for something of Treeline's (a
/// child, <see cref="Fiber.Yield"/>). After any other <c>await</c> code goes on as everywhere in .NET: where the
/// synchronization context that was current there says, or else on the thread pool.
/// </remarks>
public abstract class Executor
{
    /// <summary>
    /// The .NET thread pool: Treeline's run queues, drained by a few work items of the pool. A work item that blocks its
    /// thread does not hold up the others for more than a few milliseconds.
    /// </summary>
    public static Executor ThreadPool { get; } = new Scheduler(new PoolCrank(), Environment.ProcessorCount);

    /// <summary>The executor whose worker the calling thread drives, or else the default one.</summary>
    internal static Executor Current => WorkerThread.Current.Worker?.Scheduler ?? ThreadPool;

    /// <summary>
    /// Runs <see cref="IThreadPoolWorkItem.Execute"/> of <paramref name="work"/> once, soon, and not on the caller's stack.
    /// Called from any thread.
    /// </summary>
    /// <remarks>
    /// The work may leave another execution context or synchronization context behind than it found. Whoever runs one work
    /// item after another on a thread puts both back, as the executors of Treeline do.
    /// </remarks>
    /// <param name="work">What to run. It does not throw; what it throws all the same is unhandled.</param>
    public abstract void Schedule(IThreadPoolWorkItem work);

    /// <summary>The threads on which work may block that is spawned here.</summary>
    internal virtual BlockingPool Blocking => BlockingPool.Shared;

    /// <summary>As <see cref="Schedule"/>, for work that waited for what the caller has just done: it may run next.</summary>
    internal virtual void ScheduleWoken(IThreadPoolWorkItem work) => Schedule(work);

    /// <summary>As <see cref="Schedule"/>, for work that only lets others go first.</summary>
    internal virtual void ScheduleYielded(IThreadPoolWorkItem work) => Schedule(work);
}
