namespace Treeline.Tests.Execution.Scheduling;

/// <summary>
/// The holds of children that end one after the other on a worker are given back together: nobody else may notice.
/// </summary>
public sealed class WorkerThreadTests : TreeTest
{
    [Fact]
    public Task What_runs_after_the_last_child_of_a_scope_finds_the_scope_ended() => InTime(async () =>
    {
        using var scheduler = new Scheduler(new OwnThreadsCrank("Test", TimeSpan.FromSeconds(5)), seats: 1, monitored: false);
        using var filled = new ManualResetEventSlim();
        scheduler.Schedule(new Work(filled.Wait));
        TaskScope scope = TaskScope.Open(new ScopeOptions { Executor = scheduler });
        for (int i = 0; i < 100; i++)
        {
            scope.Spawn(static async _ => await Fiber.Yield());
            scope.Spawn(static _ => ValueTask.CompletedTask);
        }

        Task join = scope.JoinAsync();
        TaskCompletionSource<NodeState> seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<NodeState> last = TaskScope.RunAsync(
            async inner => await inner.Spawn(async _ =>
            {
                await Fiber.Yield();
                await Fiber.Yield();
                return scope.State;
            }),
            new ScopeOptions { Executor = scheduler });
        filled.Set();
        Assert.Equal(NodeState.Succeeded, await last);
        scheduler.Schedule(new Work(() => seen.SetResult(scope.State)));
        Assert.Equal(NodeState.Succeeded, await seen.Task);
        await join;
    });

    [Fact]
    public Task A_child_that_ends_on_the_stack_of_other_work_ends_its_scope_there_and_then() => InTime(async () =>
    {
        using var scheduler = new Scheduler(new OwnThreadsCrank("Test", TimeSpan.FromSeconds(5)), seats: 1, monitored: false);
        TaskCompletionSource waits = Signal();
        var go = new TaskCompletionSource();
        TaskScope scope = TaskScope.Open(new ScopeOptions { Executor = scheduler });
        scope.Spawn(async _ =>
        {
            waits.SetResult();
            await go.Task;
        });
        Task join = scope.JoinAsync();
        await waits.Task;
        TaskCompletionSource<NodeState> seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        scheduler.Schedule(new Work(() =>
        {
            go.SetResult();
            seen.SetResult(scope.State);
        }));
        Assert.Equal(NodeState.Succeeded, await seen.Task);
        await join;
    });
}
