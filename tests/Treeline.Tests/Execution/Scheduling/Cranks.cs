namespace Treeline.Tests.Execution.Scheduling;

/// <summary>A scheduler of each kind, with who turns it.</summary>
internal sealed class Cranks : IDisposable
{
    /// <summary>Real time, for a test that would otherwise never end.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly SingleThreadCrank? _single;

    private Cranks(Scheduler scheduler, SingleThreadCrank? single = null)
    {
        Scheduler = scheduler;
        _single = single;
    }

    public static TheoryData<string> All => ["pool", "own", "single"];

    public static TheoryData<string> WithThreads => ["pool", "own"];

    public Scheduler Scheduler { get; }

    public static Cranks Open(string kind, int seats = 2, bool monitored = true, TimeSpan? sparePatience = null)
    {
        if (kind == "single")
        {
            var single = new SingleThreadCrank();
            return new Cranks(single.Scheduler, single);
        }

        Crank crank = kind == "pool" ? new PoolCrank() : new OwnThreadsCrank("test worker", Timeout.InfiniteTimeSpan);
        return new Cranks(new Scheduler(crank, seats, monitored, sparePatience));
    }

    /// <summary>Waits for <paramref name="task"/>, turning the crank if nobody else does.</summary>
    public void Wait(Task task)
    {
        _single?.RunUntil(task);
        Assert.True(task.Wait(Deadline), "Not done in time.");
    }

    /// <summary>Runs <paramref name="run"/> on a worker, and waits for it.</summary>
    public void On(Action run)
    {
        var done = new TaskCompletionSource();
        Scheduler.Schedule(new Work(() =>
        {
            try
            {
                run();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        }));
        Wait(done.Task);
    }

    public void Dispose()
    {
        if (_single is null)
        {
            Scheduler.Dispose();
        }
        else
        {
            _single.Dispose();
        }
    }
}
