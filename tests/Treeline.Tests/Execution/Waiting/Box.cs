namespace Treeline.Tests.Execution.Waiting;

/// <summary>Plays a fiber's box: registers, and counts how often it is resumed.</summary>
internal sealed class Box : Executor, IThreadPoolWorkItem
{
    public int Woken { get; private set; }

    public int Yielded { get; private set; }

    public override void Schedule(IThreadPoolWorkItem work) => Assert.Fail("Not new work.");

    internal override void ScheduleWoken(IThreadPoolWorkItem work)
    {
        Assert.Same(this, work);
        Woken++;
    }

    internal override void ScheduleYielded(IThreadPoolWorkItem work)
    {
        Assert.Same(this, work);
        Yielded++;
    }

    public void Execute() => throw new InvalidOperationException("The test goes on by itself.");

    /// <summary>What the builder does with an awaiter that is not complete.</summary>
    public void Await<TAwaiter>(TAwaiter awaiter)
        where TAwaiter : IWorkItemAwaiter => awaiter.OnCompleted(this, this);
}
