namespace Treeline.Tests;

public sealed class TaskScopeTests : TreeTest
{
    [Fact]
    public Task Async_lambdas_are_no_fibers_here() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        // The thread knows the node of a fiber, and of nothing else.
        Assert.Null(WorkerThread.Current.Node);
        Assert.Null(await scope.Spawn(static async _ => await Task.FromResult(WorkerThread.Current.Node)));
        Assert.NotNull(await TaskScope.RunAsync(static _ => Treeline.TaskScope.RunAsync(
            static async real => await real.Spawn(static async _ => await Task.FromResult(WorkerThread.Current.Node)))));
    }));
}
