namespace Treeline.Tests;

/// <summary>A wait that could never end throws, and says why.</summary>
public sealed class WaitingForOneselfTests : TreeTest
{
    [Fact]
    public Task A_child_that_awaits_itself_fails() => InTime(async () =>
    {
        TaskCompletionSource<ChildTask> known = new(TaskCreationOptions.RunContinuationsAsynchronously);
        InvalidOperationException error = await Assert.ThrowsAsync<InvalidOperationException>(() => TaskScope.RunAsync(
            async scope =>
            {
                ChildTask child = scope.Spawn(async _ => await await known.Task, "loop");
                known.SetResult(child);
                await child;
            },
            name: "self"));
        Assert.Contains("'self/loop' awaits itself", error.Message, StringComparison.Ordinal);
    });

    [Fact]
    public Task A_child_with_a_result_that_awaits_itself_fails() => InTime(async () =>
    {
        TaskCompletionSource<ChildTask<int>> known = new(TaskCreationOptions.RunContinuationsAsynchronously);
        InvalidOperationException error = await Assert.ThrowsAsync<InvalidOperationException>(() => TaskScope.RunAsync(
            async scope =>
            {
                ChildTask<int> child = scope.Spawn(async _ => await await known.Task, "loop");
                known.SetResult(child);
                return await child;
            }));
        Assert.Contains("awaits itself", error.Message, StringComparison.Ordinal);
    });

    [Fact]
    public Task A_child_cannot_join_or_dispose_its_own_scope() => InTime(async () =>
    {
        TaskScope scope = TaskScope.Open(name: "own");
        ChildTask<Exception[]> child = scope.Spawn(
            async _ => await TaskScope.RunAsync(async _ => new Exception[]
            {
                await Assert.ThrowsAsync<InvalidOperationException>(scope.JoinAsync),
                await Assert.ThrowsAsync<InvalidOperationException>(() => scope.DisposeAsync().AsTask()),
            }),
            "child");

        Assert.All(
            await child,
            static error => Assert.Contains("it would wait for its own end", error.Message, StringComparison.Ordinal));
        await scope.JoinAsync();
    });

    [Fact]
    public Task A_child_may_join_a_scope_that_it_opened_itself() => InTime(async () =>
    {
        await TaskScope.RunAsync(async scope => await scope.Spawn(async _ =>
        {
            TaskScope own = TaskScope.Open();
            own.Spawn(static _ => ValueTask.CompletedTask);
            await own.JoinAsync();
        }));
    });
}
