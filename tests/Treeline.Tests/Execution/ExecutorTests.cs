namespace Treeline.Tests.Execution;

public sealed class ExecutorTests : TreeTest
{
    [Fact]
    public Task Children_start_on_the_executor_of_their_scope_and_go_on_where_dotnet_says() => InTime(async () =>
    {
        using var device = new DedicatedThread();
        await TaskScope.RunAsync(
            async scope =>
            {
                Assert.False(device.IsCurrent);
                (bool Before, bool After) on = await scope.Spawn(async _ =>
                {
                    bool before = device.IsCurrent;
                    await Task.Yield();
                    return (before, device.IsCurrent);
                });
                Assert.Equal((true, false), on);
            },
            new ScopeOptions { Executor = device });
    });

    [Fact]
    public Task Nested_scopes_inherit_the_executor_unless_they_bring_their_own() => InTime(async () =>
    {
        using var device = new DedicatedThread();
        await TaskScope.RunAsync(
            async _ =>
            {
                await TaskScope.RunAsync(async inner =>
                {
                    await inner.Spawn(async _ =>
                    {
                        Assert.True(device.IsCurrent);
                        await TaskScope.RunAsync(async innermost =>
                            Assert.True(await innermost.Spawn(_ => Task.FromResult(device.IsCurrent))));
                    });
                });
                await TaskScope.RunAsync(
                    async inner => Assert.False(await inner.Spawn(_ => Task.FromResult(device.IsCurrent))),
                    new ScopeOptions { Executor = Executor.ThreadPool });
                await using TaskScope open = TaskScope.Open();
                Assert.True(await open.Spawn(_ => Task.FromResult(device.IsCurrent)));
            },
            new ScopeOptions { Executor = device });
    });

    [Fact]
    public Task By_default_children_run_on_workers_of_the_thread_pool() => InTime(() => TaskScope.RunAsync(async scope =>
        Assert.Same(
            Executor.ThreadPool, await scope.Spawn(static _ => Task.FromResult(WorkerThread.Current.Worker?.Scheduler)))));

    [Fact]
    public Task An_executor_that_refuses_work_fails_the_child_and_not_the_spawner() => InTime(async () =>
    {
        var refusal = new OopsException("shutting down");
        bool ran = false;
        ChildTask child = default;
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(
            scope =>
            {
                child = scope.Spawn(_ =>
                {
                    ran = true;
                    return Task.CompletedTask;
                });
                Assert.Equal(NodeState.Failed, child.State);
                Assert.True(scope.IsCancellationRequested);
                return Task.CompletedTask;
            },
            new ScopeOptions { Executor = new ExecutorOf(_ => throw refusal) }));
        Assert.Same(refusal, thrown);
        Assert.False(ran);
    });

    [Fact]
    public Task An_executor_that_refuses_and_runs_the_work_later_cannot_run_it_any_more() => InTime(async () =>
    {
        IThreadPoolWorkItem? kept = null;
        bool ran = false;
        await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(
            scope =>
            {
                scope.Spawn(_ =>
                {
                    ran = true;
                    return Task.CompletedTask;
                });
                return Task.CompletedTask;
            },
            new ScopeOptions
            {
                Executor = new ExecutorOf(work =>
                {
                    kept = work;
                    throw new OopsException("refused");
                }),
            }));
        Assert.Throws<InvalidOperationException>(kept!.Execute);
        Assert.False(ran);
    });

    [Fact]
    public Task An_executor_that_runs_work_and_then_throws_is_told_so_where_it_was_called() => InTime(async () =>
    {
        int ran = 0;
        await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(
            scope =>
            {
                scope.Spawn(_ =>
                {
                    ran++;
                    return Task.CompletedTask;
                });
                return Task.CompletedTask;
            },
            new ScopeOptions
            {
                Executor = new ExecutorOf(work =>
                {
                    work.Execute();
                    throw new OopsException("after running it");
                }),
            }));
        Assert.Equal(1, ran);
    });

    [Fact]
    public Task An_executor_that_runs_work_twice_is_told_so_and_the_work_runs_once() => InTime(async () =>
    {
        int ran = 0;
        InvalidOperationException? told = null;
        await TaskScope.RunAsync(
            scope =>
            {
                scope.Spawn(
                    _ =>
                    {
                        ran++;
                        return Task.CompletedTask;
                    },
                    "child");
                return Task.CompletedTask;
            },
            new ScopeOptions
            {
                Name = "scope",
                Executor = new ExecutorOf(work =>
                {
                    work.Execute();
                    told = Assert.Throws<InvalidOperationException>(work.Execute);
                }),
            });
        Assert.Equal(1, ran);
        Assert.Contains("The executor ran 'scope/child' twice", told!.Message, StringComparison.Ordinal);
    });

    [Fact]
    public Task An_executor_may_run_work_on_the_spawners_stack_if_it_must() => InTime(async events =>
    {
        await TaskScope.RunAsync(
            async scope =>
            {
                events.Expect(1);
                ChildTask child = scope.Spawn(_ =>
                {
                    events.Expect(2);
                    return Task.CompletedTask;
                });
                events.Expect(3);
                Assert.True(child.IsCompleted);
                Assert.Equal("scope/probe", await TaskScope.RunAsync(static probe => Task.FromResult(probe.Path), name: "probe"));
                await child;
            },
            new ScopeOptions { Name = "scope", Executor = new ExecutorOf(static work => work.Execute()) });
        events.Finish(4);
    });
}
