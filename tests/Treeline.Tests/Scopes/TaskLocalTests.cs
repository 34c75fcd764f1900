namespace Treeline.Tests.Scopes;

/// <summary><see cref="TaskLocal{T}"/>: bound for the code it was bound for, and for nothing else.</summary>
public sealed class TaskLocalTests : TreeTest
{
    private static readonly TaskLocal<string> s_user = new("user");
    private static readonly TaskLocal<int> s_depth = new("depth");
    private static readonly TaskLocal<string?> s_nullable = new("nullable");

    [Fact]
    public void Where_it_is_not_bound_the_error_says_what_to_do()
    {
        Assert.False(s_user.IsBound);
        Assert.False(s_user.TryGet(out string? value));
        Assert.Null(value);
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => s_user.Value);
        Assert.Contains("'user' is not bound here", error.Message, StringComparison.Ordinal);
        Assert.Contains("RunAsync", error.Message, StringComparison.Ordinal);
        Assert.Equal("user (not bound here)", s_user.ToString());
        Assert.Throws<ArgumentNullException>(static () => new TaskLocal<int>(null!));
    }

    [Fact]
    public void It_is_bound_while_the_body_runs_shadowed_by_a_nested_one_and_restored_after()
    {
        int result = s_user.Run("outer", () =>
        {
            Assert.Equal("outer", s_user.Value);
            Assert.Equal("user: outer", s_user.ToString());
            Assert.False(s_depth.IsBound);
            s_user.Run("inner", () =>
            {
                Assert.Equal("inner", s_user.Value);
                s_depth.Run(1, () => Assert.Equal(("inner", 1), (s_user.Value, s_depth.Value)));
                Assert.False(s_depth.IsBound);
            });
            Assert.Throws<OopsException>(() => s_user.Run("thrower", Action () => throw new OopsException("out of it")));
            Assert.Equal("outer", s_user.Value);
            return 42;
        });
        Assert.Equal(42, result);
        Assert.False(s_user.IsBound);
        s_nullable.Run(null, () => Assert.True(s_nullable is { IsBound: true, Value: null }));
    }

    [Fact]
    public Task Every_kind_of_body_keeps_it_over_its_awaits() => InTime(async () =>
    {
        Task fiber = s_user.RunAsync("fiber", async () =>
        {
            await Fiber.Yield();
            Assert.Equal("fiber", s_user.Value);
            await Task.Yield();
            Assert.Equal("fiber", s_user.Value);
        });
        Assert.False(s_user.IsBound);
        await fiber;
        Task<string> result = s_user.RunAsync("result", async () =>
        {
            await Task.Yield();
            return s_user.Value;
        });
        Assert.Equal("result", await result);
        await s_user.RunAsync("task", Task () => Check("task"));
        await s_user.RunAsync("value task", ValueTask () => new ValueTask(Check("value task")));
        Assert.Equal("a", await s_user.RunAsync("a", Task<string> () => Get()));
        Assert.Equal("b", await s_user.RunAsync("b", ValueTask<string> () => new ValueTask<string>(Get())));
        Assert.False(s_user.IsBound);

        static async Task Check(string expected)
        {
            await Task.Yield();
            Assert.Equal(expected, s_user.Value);
        }

        static async Task<string> Get()
        {
            await Task.Yield();
            return s_user.Value;
        }
    });

    [Fact]
    public Task What_the_body_throws_comes_from_the_task_and_the_binding_is_gone() => InTime(async () =>
    {
        await Assert.ThrowsAsync<OopsException>(() => s_user.RunAsync("x", Task () => throw new OopsException("at once")));
        await Assert.ThrowsAsync<OopsException>(() => s_user.RunAsync("x", async () =>
        {
            await Task.Yield();
            throw new OopsException("later");
        }));
        Task cancelled = s_user.RunAsync("x", Task () => throw new OperationCanceledException());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.True(cancelled.IsCanceled);
        await Assert.ThrowsAsync<InvalidOperationException>(() => s_user.RunAsync("x", Task () => null!));
        Assert.Throws<ArgumentNullException>(() => { _ = s_user.RunAsync("x", (Func<Task>)null!); });
        Assert.Throws<ArgumentNullException>(() => s_user.Run("x", null!));
        Assert.False(s_user.IsBound);
    });

    [Fact]
    public Task Children_of_every_kind_inherit_it_and_cannot_change_it_for_others() => InTime(() => s_user.RunAsync(
        "parent",
        () => TaskScope.RunAsync(async scope =>
        {
            Assert.Equal("parent", s_user.Value);
            Assert.Equal("parent", await scope.Spawn(static async _ =>
            {
                await Fiber.Yield();
                return s_user.Value;
            }));
            Assert.Equal("parent", await scope.Spawn(Task<string> (_) => Task.FromResult(s_user.Value)));
            Assert.Equal("parent", await scope.SpawnBlocking(static _ => s_user.Value));
            Assert.Equal("grandchild", await scope.Spawn(static async _ => await s_user.RunAsync(
                "child",
                static () => TaskScope.RunAsync(static async inner =>
                {
                    Assert.Equal("child", await inner.Spawn(static async _ => s_user.Value));
                    return await inner.Spawn(static async _ => s_user.Run("grandchild", static () => s_user.Value));
                }))));
            Assert.Equal("parent", s_user.Value);
        })));

    [Fact]
    public Task A_child_inherits_from_where_it_is_spawned_and_not_from_where_its_scope_was_opened() => InTime(
        () => TaskScope.RunAsync(async scope =>
        {
            TaskCompletionSource go = Signal();
            ChildTask<string> bound = s_user.Run("spawner", () => scope.Spawn(async _ =>
            {
                await go.Task;
                return s_user.Value;
            }));
            ChildTask<bool> unbound = scope.Spawn(static async _ => s_user.IsBound);
            Assert.False(await unbound);
            go.SetResult();
            Assert.Equal("spawner", await bound);
        }));

    [Fact]
    public Task Inheritance_can_be_suppressed_for_one_spawn() => InTime(() => s_user.RunAsync(
        "parent",
        () => TaskScope.RunAsync(async scope =>
        {
            ChildTask<bool> fiber;
            ChildTask<bool> plain;
            ChildTask<string> own;
            using (TaskLocal.SuppressInheritance())
            {
                Assert.False(s_user.IsBound);
                fiber = scope.Spawn(static async _ => s_user.IsBound);
                plain = scope.Spawn(Task<bool> (_) => Task.FromResult(s_user.IsBound));
                own = scope.Spawn(async _ => s_user.Run("own", static () => s_user.Value));
                using (TaskLocal.SuppressInheritance())
                {
                }

                Assert.False(s_user.IsBound);
            }

            Assert.Equal("parent", s_user.Value);
            Assert.False(await fiber);
            Assert.False(await plain);
            Assert.Equal("own", await own);
            Assert.Equal("parent", await scope.Spawn(static async _ => s_user.Value));

            // It concerns task-locals only: the child's place in the tree is known all the same.
            string path;
            using (TaskLocal.SuppressInheritance())
            {
                path = Ambient.Current!.Path;
            }

            Assert.Equal(scope.Path, path);
        })));

    [Fact]
    public Task Many_that_run_at_once_see_their_own() => InTime(() => TaskScope.RunAsync(scope =>
    {
        for (int i = 0; i < 200; i++)
        {
            int mine = i;
            s_depth.Run(mine, () => scope.Spawn(async _ =>
            {
                for (int j = 0; j < 20; j++)
                {
                    await Fiber.Yield();
                    Assert.Equal(mine, s_depth.Value);
                    await s_depth.RunAsync(-mine, async () =>
                    {
                        await Fiber.Yield();
                        Assert.Equal(-mine, s_depth.Value);
                    });
                }
            }));
        }

        return Task.CompletedTask;
    }));

    [Fact]
    public Task Unused_it_leaves_the_execution_context_alone() => InTime(() => Task.Run(() =>
    {
        ExecutionContext? before = ExecutionContext.Capture();
        Assert.False(s_user.IsBound);
        using (TaskLocal.SuppressInheritance())
        {
            Assert.Same(before, ExecutionContext.Capture());
        }

        long bytes = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            _ = s_user.TryGet(out _);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - bytes);
        s_user.Run("used", static () => { });
        Assert.False(s_user.IsBound);
    }));
}
