namespace Treeline.Testing;

/// <summary>
/// Chooses by a seed what runs next, among all that is ready, and how: so one seed is one schedule.
/// </summary>
/// <remarks>
/// <para>Choosing evenly at each step rarely keeps one task waiting for long, and many bugs need just that. So each run has a
/// bent of its own: even, for what came last (old work waits), or for what came first (as a queue).</para>
/// <para>Half the steps are also disturbed: an await of something that is ready gives way after a few, as it would when the
/// budget of a dispatch is used up; and what completes a task may go on in another context than whoever awaits it, so
/// that the awaiter is work of its own rather than part of the step (see <see cref="VirtualTimeCrank"/>).</para>
/// <para>Owner: the thread that turns the crank.</para>
/// </remarks>
internal sealed class SeededOrder
{
    private const int MostReadyAwaits = 4;

    private readonly Random _random;
    private readonly Random _ofWorker;
    private readonly List<IThreadPoolWorkItem> _ready = [];
    private readonly Bent _bent;

    public SeededOrder(int seed)
    {
        _random = new Random(seed);
        _ofWorker = new Random(seed ^ 0x5EED); // of its own, so that it does not change which schedule the seed is
        _bent = (Bent)_random.Next(3);
    }

    private enum Bent
    {
        Even,
        ForTheLast,
        ForTheFirst,
    }

    /// <summary>Takes all the worker has, and gives it one item to run next, if there is any.</summary>
    public void PutNext(Worker worker, SynchronizationContext context, SynchronizationContext other)
    {
        worker.EmptyLifo();
        while ((worker.Queue.Pop() ?? worker.Scheduler.TakeInjected(worker)) is { } work)
        {
            _ready.Add(work);
        }

        if (_ready.Count == 0)
        {
            return;
        }

        worker.Reseed((uint)_ofWorker.Next()); // a select begins with any of its cases
        int at = Choose();
        IThreadPoolWorkItem next = _ready[at];
        _ready.RemoveAt(at);
        if (_random.Next(2) == 0)
        {
            next = new DisturbedStep(next, _random.Next(MostReadyAwaits), _random.Next(2) == 0 ? context : other);
        }

        worker.Queue.Push(next);
    }

    /// <summary>Something that has been taken from the worker and not been run; null if there is nothing.</summary>
    public IThreadPoolWorkItem? TakeAny()
    {
        if (_ready.Count == 0)
        {
            return null;
        }

        IThreadPoolWorkItem last = _ready[^1];
        _ready.RemoveAt(_ready.Count - 1);
        return last;
    }

    private int Choose()
    {
        int any = _random.Next(_ready.Count);
        return _bent == Bent.Even || _random.Next(8) == 0 ? any : _bent == Bent.ForTheLast ? _ready.Count - 1 : 0;
    }

    private sealed class DisturbedStep(IThreadPoolWorkItem work, int budget, SynchronizationContext context)
        : IThreadPoolWorkItem
    {
        public void Execute()
        {
            WorkerThread.Current.Budget = budget;
            SynchronizationContext.SetSynchronizationContext(context); // the worker puts back what was
            work.Execute();
        }
    }
}
