namespace Treeline;

/// <summary>What turns the workers of a <see cref="Scheduler"/>: which threads drive them, and for how long at a time.</summary>
internal abstract class Crank
{
    /// <summary>True: a thread that parks a worker waits with it, on <see cref="Worker.WakeUp"/>.</summary>
    public virtual bool KeepsThread => false;

    /// <summary>True: when a worker's thread blocks, another thread takes its work.</summary>
    public virtual bool HandsOff => true;

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
    /// There is no work any more and there will be none: ends what the crank has started, and waits for it. Not called
    /// on a thread that drives a worker of this crank.
    /// </summary>
    public virtual void Stop(IdleWorkers idle)
    {
    }
}
