namespace Treeline.Tests.Execution.Fibers;

/// <summary>
/// Where fibers go on: after a wait of Treeline's, a child on the executor of its scope, a body on that of its caller;
/// after any other wait, where .NET says.
/// </summary>
public sealed class FiberExecutorTests : TreeTest
{
    [Fact]
    public Task A_child_goes_on_on_its_scopes_executor_after_every_wait_of_Treelines() => InTime(async () =>
    {
        using var device = new DedicatedThread();
        await TaskScope.RunAsync(
            async scope =>
            {
                ChildTask elsewhere = scope.Spawn(async _ => await Task.Delay(1));
                await scope.Spawn(async _ =>
                {
                    Assert.True(device.IsCurrent);
                    await Fiber.Yield();
                    Assert.True(device.IsCurrent);
                    await elsewhere;
                    Assert.True(device.IsCurrent);
                    await scope.Spawn(static async _ => await Task.Yield());
                    Assert.True(device.IsCurrent);
                    await NestedAsync();
                    Assert.True(device.IsCurrent);

                    async Fiber NestedAsync()
                    {
                        Assert.True(device.IsCurrent);
                        await Fiber.Yield();
                        Assert.True(device.IsCurrent);
                    }
                });
            },
            new ScopeOptions { Executor = device });
    });

    [Fact]
    public Task After_a_foreign_wait_a_child_is_where_dotnet_says_until_the_next_wait_of_Treelines() => InTime(async () =>
    {
        using var device = new DedicatedThread();
        await TaskScope.RunAsync(
            async scope => await scope.Spawn(async _ =>
            {
                Assert.True(device.IsCurrent);
                await Task.Yield();
                Assert.False(device.IsCurrent);
                Assert.True(Thread.CurrentThread.IsThreadPoolThread);
                await NothingAsync();
                Assert.False(device.IsCurrent);
                await Fiber.Yield();
                Assert.True(device.IsCurrent);
                ChildTask other = scope.Spawn(static async _ => await Fiber.Yield());
                await other; // it has not begun: this code is on its thread
                Assert.True(device.IsCurrent);
            }),
            new ScopeOptions { Executor = device });

        static async Fiber NothingAsync() => await Task.CompletedTask;
    });

    [Fact]
    public Task A_body_goes_on_where_its_caller_does_and_not_on_the_executor_of_its_children() => InTime(async () =>
    {
        using var device = new DedicatedThread();
        using var other = new DedicatedThread();
        await TaskScope.RunAsync(
            async scope =>
            {
                Assert.False(device.IsCurrent);
                await Fiber.Yield();
                Assert.False(device.IsCurrent);
                await scope.Spawn(async _ =>
                {
                    Assert.True(device.IsCurrent);
                    await TaskScope.RunAsync(
                        async inner =>
                        {
                            Assert.True(device.IsCurrent);
                            await inner.Spawn(async _ => Assert.True(other.IsCurrent));
                            Assert.True(device.IsCurrent);
                            await Fiber.Yield();
                            Assert.True(device.IsCurrent);
                        },
                        new ScopeOptions { Executor = other });
                });
                Assert.False(device.IsCurrent);
                Assert.True(Thread.CurrentThread.IsThreadPoolThread);
            },
            new ScopeOptions { Executor = device });
    });

    [Fact]
    public Task On_the_default_executor_a_child_is_on_a_worker_after_every_wait_of_Treelines() => InTime(() => TaskScope.RunAsync(
        async scope => await scope.Spawn(async _ =>
        {
            Assert.NotNull(WorkerThread.Current.Worker);
            await Fiber.Yield();
            Assert.NotNull(WorkerThread.Current.Worker);
            await Task.Run(static () => { });
            await Fiber.Yield();
            Assert.NotNull(WorkerThread.Current.Worker);
            await scope.Spawn(static async _ => await Task.Delay(1));
            Assert.NotNull(WorkerThread.Current.Worker);
        })));

    [Fact]
    public Task A_body_on_a_thread_with_a_synchronization_context_stays_there() => InTime(async () =>
    {
        using var ui = new UserInterface();
        await ui.InvokeAsync(() => TaskScope.RunAsync(async scope =>
        {
            Assert.True(ui.IsCurrent);
            await scope.Spawn(async _ =>
            {
                Assert.False(ui.IsCurrent);
                await Fiber.Yield();
                Assert.False(ui.IsCurrent);
            });
            Assert.True(ui.IsCurrent);
            await Fiber.Yield();
            Assert.True(ui.IsCurrent);
            await Task.Yield();
            Assert.True(ui.IsCurrent);
            ChildTask<int> slow = scope.Spawn(static async _ =>
            {
                await Task.Delay(1);
                return 42;
            });
            Assert.Equal(42, await slow);
            Assert.True(ui.IsCurrent);
            await Assert.ThrowsAsync<OopsException>(async () => await NestedAsync(fail: true));
            await NestedAsync(fail: false);
            Assert.True(ui.IsCurrent);

            async Fiber NestedAsync(bool fail)
            {
                Assert.True(ui.IsCurrent);
                await Fiber.Yield();
                Assert.True(ui.IsCurrent);
                if (fail)
                {
                    throw new OopsException("nested");
                }
            }
        }));
    });

    [Fact]
    public Task Several_fibers_of_a_user_interface_may_await_one_child() => InTime(async () =>
    {
        using var ui = new UserInterface();
        TaskCompletionSource go = Signal();
        await ui.InvokeAsync(() => TaskScope.RunAsync(async scope =>
        {
            ChildTask child = scope.Spawn(async _ => await go.Task);
            Task[] waiting = [.. Enumerable.Range(0, 5).Select(_ => AwaitAsync(child).AsTask())];
            go.SetResult();
            await Task.WhenAll(waiting);
            Assert.True(ui.IsCurrent);

            async Fiber AwaitAsync(ChildTask child)
            {
                await child;
                Assert.True(ui.IsCurrent);
            }
        }));
    });

    [Fact]
    public Task A_fiber_that_leaves_the_user_interface_on_purpose_goes_on_elsewhere() => InTime(async () =>
    {
        using var ui = new UserInterface();
        await ui.InvokeAsync(() => TaskScope.RunAsync(async scope =>
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            Assert.False(ui.IsCurrent);
            await scope.Spawn(static async _ => await Fiber.Yield());
            Assert.False(ui.IsCurrent);
        }));
    });

    [Fact]
    public Task Nothing_of_a_fiber_stays_on_a_thread_of_an_executor() => InTime(async () =>
    {
        using var device = new DedicatedThread();
        await TaskScope.RunAsync(
            async scope =>
            {
                await scope.Spawn(async _ =>
                {
                    SynchronizationContext.SetSynchronizationContext(null);
                    await Fiber.Yield();
                });
                ChildTask<TreeNode?> node = scope.Spawn(
                    _ => Task.FromResult(WorkerThread.Current.Node)); // a plain child is not a fiber's node
                Assert.Null(await node);
            },
            new ScopeOptions { Executor = device });
    });

    [Fact]
    public Task An_executor_that_refuses_a_fiber_fails_the_child_and_cannot_run_it_later() => InTime(async () =>
    {
        IThreadPoolWorkItem? kept = null;
        bool ran = false;
        var refusal = new OopsException("shutting down");
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(
            async scope =>
            {
                ChildTask child = scope.Spawn(async _ =>
                {
                    ran = true;
                    await Task.Yield();
                });
                Assert.Equal(NodeState.Failed, child.State);
                Assert.True(scope.IsCancellationRequested);
                await Task.Yield();
            },
            new ScopeOptions
            {
                Executor = new ExecutorOf(work =>
                {
                    kept = work;
                    throw refusal;
                }),
            }));
        Assert.Same(refusal, thrown);
        Assert.Contains("twice", Assert.Throws<InvalidOperationException>(kept!.Execute).Message, StringComparison.Ordinal);
        Assert.False(ran);
    });

    [Fact]
    public Task An_executor_that_runs_a_fiber_again_after_its_end_is_told_so() => InTime(async () =>
    {
        int ran = 0;
        InvalidOperationException? told = null;
        await TaskScope.RunAsync(
            async scope => await scope.Spawn(
                async _ =>
                {
                    ran++;
                    await Task.CompletedTask;
                },
                "child"),
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
    public Task An_executor_may_run_fibers_on_the_stack_of_whoever_schedules_them() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            for (int i = 0; i < 100; i++)
            {
                ChildTask<int> child = scope.Spawn(async _ =>
                {
                    await Task.Yield();
                    return await scope.Spawn(async _ => await FiberTests.Answer(suspends: false));
                });
                Assert.Equal(42, await child);
                Assert.Equal("scope/probe", await TaskScope.RunAsync(static probe => Task.FromResult(probe.Path), name: "probe"));
            }
        },
        new ScopeOptions { Name = "scope", Executor = new ExecutorOf(static work => work.Execute()) }));
}
