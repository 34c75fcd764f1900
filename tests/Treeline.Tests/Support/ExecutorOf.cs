namespace Treeline.Tests;

/// <summary>An executor that does what a test says.</summary>
public sealed class ExecutorOf(Action<IThreadPoolWorkItem> schedule) : Executor
{
    public override void Schedule(IThreadPoolWorkItem work) => schedule(work);
}
