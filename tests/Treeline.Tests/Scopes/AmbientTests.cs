using System.Diagnostics;

namespace Treeline.Tests.Scopes;

/// <summary>The execution context: what flows into children, what does not leak out, and how the parent is found.</summary>
public sealed class AmbientTests : TreeTest
{
    private static readonly AsyncLocal<string?> s_local = new();

    [Fact]
    public Task The_parent_is_found_across_awaits_pool_threads_own_threads_and_timers() => InTime(() => TaskScope.RunAsync(
        async _ =>
        {
            await Task.Yield();
            Assert.Equal("outer", await ParentOfNewScope());
            Assert.Equal("outer", await Task.Run(ParentOfNewScope));
            Assert.Equal("outer", await Task.Run(async () => await Task.Run(ParentOfNewScope).ConfigureAwait(false)));

            TaskCompletionSource<string> fromThread = new();
            new Thread(() => fromThread.SetResult(ParentOfNewScope().GetAwaiter().GetResult())) { IsBackground = true }.Start();
            Assert.Equal("outer", await fromThread.Task);

            TaskCompletionSource<string> fromTimer = new();
            using var timer = new Timer(_ => fromTimer.SetResult(ParentOfNewScope().GetAwaiter().GetResult()), null, 0, Timeout.Infinite);
            Assert.Equal("outer", await fromTimer.Task);
        },
        name: "outer"));

    [Fact]
    public Task After_a_nested_scope_the_outer_one_is_the_parent_again() => InTime(() => TaskScope.RunAsync(
        async _ =>
        {
            Task<string> unawaited = TaskScope.RunAsync(
                async _ =>
                {
                    await Task.Yield();
                    return await ParentOfNewScope();
                },
                name: "inner");
            Assert.Equal("outer", await ParentOfNewScope());
            Assert.Equal("outer/inner", await unawaited);
            Assert.Equal("outer", await ParentOfNewScope());
        },
        name: "outer"));

    [Fact]
    public Task A_child_spawned_where_no_context_flows_still_knows_its_place() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            s_local.Value = "spawner's";
            ChildTask<(string, string?)> child;
            using (ExecutionContext.SuppressFlow())
            {
                child = scope.Spawn(
                    async ValueTask<(string, string?)> (_) =>
                    {
                        await Task.Yield();
                        return (await ParentOfNewScope(), s_local.Value);
                    },
                    "child");
            }

            Assert.Equal(("outer/child", null), await child);
        },
        name: "outer"));

    [Fact]
    public Task Async_locals_flow_into_children_and_their_changes_do_not_flow_back() => InTime(async () =>
    {
        s_local.Value = "caller's";
        await TaskScope.RunAsync(scope =>
        {
            Assert.Equal("caller's", s_local.Value);
            s_local.Value = "body's";
            ChildTask child = scope.Spawn(_ =>
            {
                Assert.Equal("body's", s_local.Value);
                s_local.Value = "child's";
                return Task.CompletedTask;
            });
            Assert.Equal("body's", s_local.Value);
            return child.AsTask();
        });
        Assert.Equal("caller's", s_local.Value);
        await TaskScope.RunAsync(static _ =>
        {
            s_local.Value = "body's";
            return ValueTask.CompletedTask;
        });
        Assert.Equal("caller's", s_local.Value);
    });

    [Fact]
    public Task The_current_activity_flows_into_children() => InTime(async () =>
    {
        using Activity activity = new Activity("request").Start();
        await TaskScope.RunAsync(async scope =>
        {
            string? seen = await scope.Spawn(static _ => Task.FromResult(Activity.Current?.OperationName));
            Assert.Equal("request", seen);
            string? nested = await TaskScope.RunAsync(static async inner =>
                await inner.Spawn(static _ => Task.FromResult(Activity.Current?.OperationName)));
            Assert.Equal("request", nested);
        });
        Assert.Same(activity, Activity.Current);
    });

    [Fact]
    public Task Nothing_of_a_child_stays_on_the_thread_of_its_executor() => InTime(async () =>
    {
        using var device = new DedicatedThread();
        await TaskScope.RunAsync(
            async scope =>
            {
                using AsyncFlowControl suppressed = ExecutionContext.SuppressFlow();
                ChildTask first = scope.Spawn(static _ =>
                {
                    s_local.Value = "left behind";
                    return Task.CompletedTask;
                });
                ChildTask<string?> second = scope.Spawn(static _ => Task.FromResult(s_local.Value));
                ChildTask<string> third = scope.Spawn(static _ => ParentOfNewScope(), "third");
                suppressed.Undo();
                await first;
                Assert.Null(await second);
                Assert.Equal("scope/third", await third);
            },
            new ScopeOptions { Name = "scope", Executor = device });
    });

    private static Task<string> ParentOfNewScope() =>
        TaskScope.RunAsync(static scope => Task.FromResult(scope.Path[..^"/probe".Length]), name: "probe");
}
