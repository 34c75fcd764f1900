using System.Diagnostics;

namespace Treeline.Tests.Execution.Fibers;

/// <summary>The execution context flows into fibers and back across their waits as everywhere in .NET.</summary>
public sealed class FiberContextTests : TreeTest
{
    private static readonly AsyncLocal<string?> s_local = new();

    [Fact]
    public Task Async_locals_flow_into_nested_fibers_and_into_children() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        s_local.Value = "body's";
        Assert.Equal("body's", await ReadAsync());
        Assert.Equal("body's", await ReadAsync().AsTask());
        Assert.Equal("body's", await scope.Spawn(_ => ReadAsync()));
        Assert.Equal("body's", await scope.Spawn(async _ => await ReadAsync()));
        Assert.Equal("body's", await TaskScope.RunAsync(async inner => await inner.Spawn(_ => ReadAsync())));
    }));

    [Fact]
    public Task A_child_has_the_context_of_its_spawner_at_the_spawn() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        var children = new List<ChildTask<string?>>();
        for (int i = 0; i < 100; i++)
        {
            s_local.Value = $"{i}";
            children.Add(scope.Spawn(_ => ReadAsync()));
        }

        s_local.Value = "later";
        for (int i = 0; i < children.Count; i++)
        {
            Assert.Equal($"{i}", await children[i]);
        }
    }));

    [Fact]
    public Task A_child_spawned_by_its_sibling_has_the_siblings_context() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        s_local.Value = "body's";
        ChildTask<string?> younger = default;
        await scope.Spawn(async _ =>
        {
            s_local.Value = "elder's";
            younger = scope.Spawn(_ => ReadAsync());
            await Fiber.Yield();
        });
        Assert.Equal("elder's", await younger);
        Assert.Equal("body's", s_local.Value);
    }));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Changes_in_a_callee_do_not_leak_to_its_caller(bool suspends) => InTime(() => TaskScope.RunAsync(async scope =>
    {
        s_local.Value = "caller's";
        await ChangeAsync(suspends);
        Assert.Equal("caller's", s_local.Value);
        await ChangeAsync(suspends).AsTask();
        Assert.Equal("caller's", s_local.Value);
        Task notAwaited = ChangeAsync(suspends).AsTask();
        Assert.Equal("caller's", s_local.Value);
        await notAwaited;
        await scope.Spawn(_ => ChangeAsync(suspends));
        Assert.Equal("caller's", s_local.Value);
        await scope.Spawn(async _ =>
        {
            s_local.Value = "child's";
            await ChangeAsync(suspends);
            Assert.Equal("child's", s_local.Value);
        });
    }));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Changes_in_a_fiber_do_not_leak_to_the_plain_code_that_awaits_it(bool suspends) => InTime(async Task () =>
    {
        s_local.Value = "caller's";
        await ChangeAsync(suspends);
        Assert.Equal("caller's", s_local.Value);
        Task notAwaited = ChangeAsync(suspends).AsTask();
        Assert.Equal("caller's", s_local.Value);
        await notAwaited;
        Task run = TaskScope.RunAsync(async _ => await ChangeAsync(suspends));
        Assert.Equal("caller's", s_local.Value);
        await run;
    });

    [Fact]
    public Task Changes_that_a_fiber_makes_survive_its_own_waits() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        await CheckAsync(scope);
        await scope.Spawn(_ => CheckAsync(scope));
        await CheckAsync(scope).AsTask();

        static async Fiber CheckAsync(TaskScope scope)
        {
            s_local.Value = "own";
            await Fiber.Yield();
            Assert.Equal("own", s_local.Value);
            await Task.Yield();
            Assert.Equal("own", s_local.Value);
            s_local.Value = "again";
            await scope.Spawn(static async _ => await Fiber.Yield());
            Assert.Equal("again", s_local.Value);
            await Task.Run(static () => s_local.Value = "elsewhere");
            Assert.Equal("again", s_local.Value);
            await ChangeAsync(suspends: true);
            Assert.Equal("again", s_local.Value);
            s_local.Value = null;
            await Fiber.Yield();
            Assert.Null(s_local.Value);
        }
    }));

    [Fact]
    public Task Fibers_that_take_turns_on_one_thread_keep_their_values_apart() => InTime(async () =>
    {
        using var device = new DedicatedThread();
        await TaskScope.RunAsync(
            async scope =>
            {
                for (int i = 0; i < 20; i++)
                {
                    string? own = i % 2 == 0 ? $"{i}" : null;
                    scope.Spawn(async _ =>
                    {
                        if (own is not null)
                        {
                            s_local.Value = own;
                        }

                        for (int turn = 0; turn < 50; turn++)
                        {
                            await Fiber.Yield();
                            Assert.Equal(own, s_local.Value);
                        }
                    });
                }

                await Fiber.Yield();
                Assert.Null(s_local.Value);
            },
            new ScopeOptions { Executor = device });
    });

    [Fact]
    public Task The_current_activity_flows_and_a_fibers_own_stays_its_own() => InTime(async () =>
    {
        using Activity request = new Activity("request").Start();
        await TaskScope.RunAsync(async scope =>
        {
            Assert.Equal("request", Activity.Current?.OperationName);
            await WorkAsync();
            Assert.Same(request, Activity.Current);
            await scope.Spawn(_ => WorkAsync());
            Assert.Same(request, Activity.Current);
        });
        Assert.Same(request, Activity.Current);

        static async Fiber WorkAsync()
        {
            Assert.Equal("request", Activity.Current?.OperationName);
            using Activity step = new Activity("step").Start();
            Assert.Equal("request", step.Parent?.OperationName);
            await Fiber.Yield();
            Assert.Same(step, Activity.Current);
            await Task.Yield();
            Assert.Same(step, Activity.Current);
        }
    });

    [Fact]
    public Task Where_the_flow_is_suppressed_nothing_flows_into_a_child() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        s_local.Value = "spawner's";
        ChildTask<string?> child;
        using (ExecutionContext.SuppressFlow())
        {
            child = scope.Spawn(_ => ReadAsync());
        }

        Assert.Null(await child);
        Assert.Equal("spawner's", s_local.Value);
    }));

    [Fact]
    public Task A_body_run_where_the_flow_is_suppressed_is_in_its_scope_all_the_same() => InTime(async () =>
    {
        s_local.Value = "caller's";
        Task<(string, string)> run;
        using (ExecutionContext.SuppressFlow())
        {
            run = TaskScope.RunAsync(
                async scope =>
                {
                    string before = await PathOfNewScope();
                    await Fiber.Yield();
                    return (before, await PathOfNewScope());
                },
                name: "scope");
            Assert.True(ExecutionContext.IsFlowSuppressed());
        }

        Assert.Equal(("scope/probe", "scope/probe"), await run);
        Assert.Equal("caller's", s_local.Value);

        static Task<string> PathOfNewScope() => TaskScope.RunAsync(static scope => Task.FromResult(scope.Path), name: "probe");
    });

    [Fact]
    public Task Making_a_task_of_a_fiber_where_the_flow_is_suppressed_leaves_it_suppressed() => InTime(async Task () =>
    {
        Task fiber;
        using (ExecutionContext.SuppressFlow())
        {
            fiber = ChangeAsync(suspends: true).AsTask();
            Assert.True(ExecutionContext.IsFlowSuppressed());
        }

        await fiber;
    });

    [Fact]
    public Task A_fiber_that_suppresses_the_flow_and_waits_does_not_suppress_it_for_others() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        await scope.Spawn(async _ =>
        {
            ExecutionContext.SuppressFlow();
            await Fiber.Yield();
            Assert.False(ExecutionContext.IsFlowSuppressed());
        });
        Assert.False(ExecutionContext.IsFlowSuppressed());
        for (int i = 0; i < 100; i++)
        {
            Assert.False(await scope.Spawn(async _ =>
            {
                await Fiber.Yield();
                return ExecutionContext.IsFlowSuppressed();
            }));
        }
    }));

    private static async Fiber<string?> ReadAsync()
    {
        string? first = s_local.Value;
        await Fiber.Yield();
        Assert.Equal(first, s_local.Value);
        return first;
    }

    private static async Fiber ChangeAsync(bool suspends)
    {
        s_local.Value = "callee's";
        if (suspends)
        {
            await Fiber.Yield();
            Assert.Equal("callee's", s_local.Value);
        }
    }
}
