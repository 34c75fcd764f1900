namespace Treeline;

/// <summary>What turns the workers of a <see cref="Scheduler"/>: which threads drive them, and for how long at a time.</summary>
internal abstract class Crank
{
    /// <summary>True: a thread that parks a worker waits with it, on <see cref="Worker.WakeUp"/>.</summary>
    public virtual bool KeepsThread => false;

    /// <summary>True: when a worker's thread blocks, another thread takes its work.</summary>
    public virtual bool HandsOff => true;

    /// <summary>True: somebody watches its workers, to hand off, or at least to tell.</summary>
    public virtual bool IsWatched => HandsOff;

    /// <summary>True: workers note what they run in <see cref="WorkerThread.Running"/>, for <see cref="SeenBusy"/>.</summary>
    public virtual bool NotesWork => false;

    /// <summary>Makes some thread call <see cref="Worker.Drive"/> for a worker that has just become Queued.</summary>
    public abstract void Wake(Worker worker);

    /// <summary>The calling thread begins to drive <paramref name="worker"/>.</summary>
    public virtual void Begin(Worker worker) => worker.UntilLook = int.MaxValue;

    /// <summary>
    /// Asked between two dispatches, every <see cref="Worker.UntilLook"/> of them: whether the thread leaves the worker,
    /// which may have work still.
    /// </summary>
    public virtual bool Leaves(Worker worker)
    {
        worker.UntilLook = int.MaxValue;
        return false;
    }

    /// <summary>The calling thread has left <paramref name="worker"/>, which is Queued.</summary>
    public virtual void HandBack(Worker worker) => Wake(worker);

    /// <summary>The calling thread has parked <paramref name="worker"/>. True: it was woken, and the thread is to go on.</summary>
    public abstract bool AwaitWakeUp(Worker worker);

    /// <summary>
    /// The owner of <paramref name="worker"/>, which is Searching, has found nothing and is about to park it. True: the crank has put work in its queue, and
    /// told nobody.
    /// </summary>
    public virtual bool BringsWork(Worker worker) => false;

    /// <summary>
    /// Asked by the monitor: whether a worker is needed although no queue has work, because there is work that nobody looks for.
    /// </summary>
    public virtual bool WantsWorker() => false;

    /// <summary>
    /// The monitor has found <paramref name="worker"/> in the same dispatch as before. Called at every look while that lasts.
    /// </summary>
    /// <param name="worker">The worker; it may be done by now.</param>
    /// <param name="dispatch">Tells this dispatch from others of the worker.</param>
    /// <param name="elapsed">For how long it has been seen so.</param>
    /// <returns>Whether it wants to hear more of it, even when the worker has been given up.</returns>
    public virtual bool SeenBusy(Worker worker, uint dispatch, TimeSpan elapsed) => false;

    /// <summary>The crank that turns spare workers while others are blocked, by threads that are started for it.</summary>
    public virtual OwnThreadsCrank MakeSpares(TimeSpan patience, TimeSpan tenure) => new("Treeline spare", patience, tenure);

    /// <summary>Where a worker keeps the timers of the system's clock that are set by the work it runs.</summary>
    public virtual TimerShard MakeTimers() => new(TimeProvider.System, Executor.ThreadPool);

    /// <summary>A spare worker is gone for good. Called under the gate of the idle set.</summary>
    public virtual void Retire(Worker worker)
    {
    }

    /// <summary>
    /// There is no work any more and there will be none: ends what the crank has started, and waits for it. Not called
    /// on a thread that drives a worker of this crank.
    /// </summary>
    public virtual void Stop(IdleWorkers idle)
    {
    }
}
