namespace Treeline.Tests.Execution.Waiting;

/// <summary>Lets the calling thread drive a worker of its own, as far as pools and the budget can tell, until disposed.</summary>
internal readonly struct OnAWorker : IDisposable
{
    private readonly Worker? _before;

    public OnAWorker(Worker worker)
    {
        _before = WorkerThread.Current.Worker;
        WorkerThread.Current.Worker = worker;
        WorkerThread.Current.Budget = int.MaxValue;
    }

    public static OnAWorker Enter() => new(NewWorker());

    /// <summary>One that nothing is scheduled on.</summary>
    public static Worker NewWorker() => new((Scheduler)Executor.ThreadPool, isSpare: true);

    public void Dispose()
    {
        WorkerThread.Current.Worker = _before;
        WorkerThread.Current.Budget = 0;
    }
}
