namespace Treeline.Tests.Execution.Scheduling;

/// <summary>A work item that does what a test says.</summary>
internal sealed class Work(Action<Work> run) : IThreadPoolWorkItem
{
    public Work(Action run)
        : this(_ => run())
    {
    }

    public void Execute() => run(this);
}
