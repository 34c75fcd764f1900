using System.Diagnostics;

namespace Treeline;

/// <summary>
/// Turns workers by threads of its own, started when first needed. A thread that parks a worker waits with it.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> Waking a worker sets its event if a thread waits with it (<see cref="Worker.Keeper"/>, written under the
/// gate of the idle set while the worker is parked), and starts a thread otherwise. A thread that has waited for
/// <c>patience</c> leaves if the worker is still parked, which the same gate decides. An event may wake a thread that waits
/// with a worker which somebody else has begun to drive meanwhile: then <see cref="Worker.Drive"/> sees that it is not
/// Queued, and the thread ends.
/// </remarks>
/// <param name="name">What the threads are called.</param>
/// <param name="patience">How long a thread waits for work before it ends; those of spare workers have their own.</param>
/// <param name="tenure">
/// After how long a thread leaves its worker to the scheduler's own crank when it next has nothing to do. Null: never.
/// </param>
internal class OwnThreadsCrank(string name, TimeSpan patience, TimeSpan? tenure = null) : Crank
{
    // When the calling thread began.
    [ThreadStatic]
    private static long t_since;

    private readonly TaskCompletionSource _ended = new();
    private int _threads = 1; // and one for the crank itself, until it is stopped
    private volatile bool _stopping;

    public override bool KeepsThread => true;

    public sealed override void Wake(Worker worker)
    {
        if (worker.Keeper is not null)
        {
            Rouse(worker);
        }
        else
        {
            Start(worker);
        }
    }

    /// <summary>Starts a thread that drives <paramref name="worker"/>, if it is still Queued by then.</summary>
    public void Start(Worker worker)
    {
        worker.WakeUp ??= new AutoResetEvent(false);
        Interlocked.Increment(ref _threads);
        var thread = new Thread(
            state =>
            {
                t_since = Stopwatch.GetTimestamp();
                var first = (Worker)state!;
                if (first.Scheduler.Crank == this)
                {
                    ThreadCensus.Enter();
                }

                Run(first);
                ThreadCensus.Leave();
                EndOne();
            })
        {
            IsBackground = true,
            Name = name,
        };
        thread.UnsafeStart(worker);
    }

    public sealed override bool AwaitWakeUp(Worker worker)
    {
        bool served = Stopwatch.GetElapsedTime(t_since) > tenure;
        while (!_stopping && !served && Wait(worker, worker.IsSpare ? worker.Scheduler.SparePatience : patience))
        {
            if (worker.State == WorkerState.Queued)
            {
                return true;
            }
        }

        // Woken after all: then the event will come, or has come.
        return !worker.Scheduler.Idle.TryLeave(worker);
    }

    public override void Stop(IdleWorkers idle)
    {
        _stopping = true;
        idle.EachKept(static worker => ((OwnThreadsCrank)worker.Crank).Rouse(worker));
        EndOne();
        _ended.Task.GetAwaiter().GetResult();
    }

    /// <summary>Whether the crank is being stopped: then whoever waits is to return.</summary>
    protected bool IsStopping => _stopping;

    /// <summary>What a thread of the crank does, all its life.</summary>
    protected virtual void Run(Worker worker) => worker.Drive(this);

    /// <summary>The calling thread waits with <paramref name="worker"/> until it is roused. False: for so long that it may leave.</summary>
    protected virtual bool Wait(Worker worker, TimeSpan patience) => worker.WakeUp!.WaitOne(patience);

    /// <summary>Makes the thread that waits with <paramref name="worker"/>, or is about to, return from that. Any thread.</summary>
    protected virtual void Rouse(Worker worker) => worker.WakeUp!.Set();

    private void EndOne()
    {
        if (Interlocked.Decrement(ref _threads) == 0)
        {
            _ended.SetResult();
        }
    }
}
