namespace Treeline.Tests.Execution.Fibers;

/// <summary>Code of a fiber knows which node it runs in, whatever it waited for and wherever it went on.</summary>
public sealed class FiberPlaceTests : TreeTest
{
    [Fact]
    public Task A_fiber_that_awaits_only_Treelines_waits_knows_its_place_after_each() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            ChildTask other = scope.Spawn(static async _ => await Fiber.Yield());
            await scope.Spawn(_ => OnlyTreelinesAsync(other), "child");
        },
        name: "scope"));

    [Fact]
    public Task A_fiber_that_awaits_foreign_tasks_knows_its_place_after_each() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            ChildTask other = scope.Spawn(static async _ => await Fiber.Yield());
            await scope.Spawn(
                async _ =>
                {
                    AssertPlace("scope/child");
                    await Task.Yield();
                    AssertPlace("scope/child");
                    await Task.Run(static () => AssertPlace("scope/child")).ConfigureAwait(false);
                    AssertPlace("scope/child");
                    await Fiber.Yield();
                    AssertPlace("scope/child");
                    await other;
                    AssertPlace("scope/child");
                },
                "child");
        },
        name: "scope"));

    [Fact]
    public Task A_nested_fiber_has_the_place_of_the_child_that_awaits_it() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            ChildTask other = scope.Spawn(static async _ => await Fiber.Yield());
            await scope.Spawn(
                async _ =>
                {
                    await OnlyTreelinesAsync(other);
                    AssertPlace("scope/child");
                    await ForeignAsync();
                    AssertPlace("scope/child");
                    await Fiber.Yield();
                    AssertPlace("scope/child");
                },
                "child");

            // Of itself this one awaits fibers only.
            await scope.Spawn(
                async _ =>
                {
                    await ForeignAsync();
                    AssertPlace("scope/child");
                    await ForeignAsync();
                    AssertPlace("scope/child");
                },
                "child");
        },
        name: "scope"));

    [Fact]
    public Task Plain_helpers_that_a_fiber_awaits_know_its_place_after_they_suspended() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            await scope.Spawn(async _ => await PlainAsync(), "child");
            await scope.Spawn(
                async _ =>
                {
                    await Fiber.Yield();
                    await ViaFiberAsync();
                },
                "child");

            static async Fiber ViaFiberAsync() => await PlainAsync();

            static async Task PlainAsync()
            {
                AssertPlace("scope/child");
                await Task.Yield();
                AssertPlace("scope/child");
                await Task.Run(static async () =>
                {
                    await Task.Yield();
                    AssertPlace("scope/child");
                }).ConfigureAwait(false);
                AssertPlace("scope/child");
                await OnlyFiberAsync();
                AssertPlace("scope/child");
            }

            static async Fiber OnlyFiberAsync()
            {
                AssertPlace("scope/child");
                await Fiber.Yield();
                AssertPlace("scope/child");
            }
        },
        name: "scope"));

    [Fact]
    public Task A_body_knows_its_place_after_each_kind_of_wait() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            AssertPlace("scope");
            await Fiber.Yield();
            AssertPlace("scope");
            await scope.Spawn(static async _ => await Fiber.Yield());
            AssertPlace("scope");
            await Task.Yield();
            AssertPlace("scope");
            await HelperAsync();
            AssertPlace("scope");
            await TaskScope.RunAsync(static async _ => await Fiber.Yield());
            AssertPlace("scope");

            static async Fiber HelperAsync()
            {
                AssertPlace("scope");
                await Task.Yield();
                AssertPlace("scope");
            }
        },
        name: "scope"));

    [Fact]
    public Task A_fiber_made_a_task_has_the_place_of_whoever_made_it() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            ChildTask other = scope.Spawn(static async _ => await Fiber.Yield());
            await scope.Spawn(
                async _ =>
                {
                    Task one = OnlyTreelinesAsync(other).AsTask();
                    Task two = ForeignAsync().AsTask();
                    AssertPlace("scope/child");
                    await one;
                    await two;
                    AssertPlace("scope/child");
                },
                "child");
        },
        name: "scope"));

    [Fact]
    public Task A_fiber_outside_the_tree_is_at_the_top() => InTime(async Task () =>
    {
        await ProbeAsync();
        await ProbeAsync().AsTask();

        static async Fiber ProbeAsync()
        {
            AssertPlace(null);
            await Fiber.Yield();
            AssertPlace(null);
            await Task.Yield();
            AssertPlace(null);
        }
    });

    [Fact]
    public Task A_fiber_resumed_on_the_stack_of_another_that_completes_its_task_runs_as_its_own_node() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            var handed = new TaskCompletionSource();
            TaskCompletionSource waits = Signal();
            bool completing = false;
            scope.Spawn(
                async _ =>
                {
                    Task own = WaitAsync().AsTask();
                    waits.SetResult();
                    await own;
                    AssertPlace("scope/waiting");
                },
                "waiting");
            await waits.Task;
            await scope.Spawn(
                async _ =>
                {
                    await Fiber.Yield();
                    completing = true;
                    handed.SetResult();
                    completing = false;
                    AssertPlace("scope/completing");
                    await Fiber.Yield();
                    AssertPlace("scope/completing");
                },
                "completing");

            async Fiber WaitAsync()
            {
                await handed.Task;
                Assert.True(completing);
                AssertPlace("scope/waiting");
                await Fiber.Yield();
                AssertPlace("scope/waiting");
            }
        },
        name: "scope"));

    [Fact]
    public Task Plain_code_of_a_child_resumed_on_the_stack_of_its_sibling_knows_its_own_place() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            var handed = new TaskCompletionSource();
            ChildTask waiting = scope.Spawn(async _ => await PlainAsync(), "waiting");
            await Until(() => waiting.State == NodeState.Running);
            await scope.Spawn(
                async _ =>
                {
                    await Fiber.Yield();
                    handed.SetResult();
                    AssertPlace("scope/completing");
                },
                "completing");
            await waiting;

            async Task PlainAsync()
            {
                await handed.Task;
                AssertPlace("scope/waiting");
            }
        },
        name: "scope"));

    [Fact]
    public Task Code_of_another_scope_resumed_on_the_stack_of_a_fiber_knows_its_own_place() => InTime(async () =>
    {
        var handed = new TaskCompletionSource();
        Task waiting = TaskScope.RunAsync(
            async _ =>
            {
                await handed.Task;
                AssertPlace("waiting");
            },
            name: "waiting");
        Task plain = TaskScope.RunAsync(
            async Task (_) =>
            {
                await handed.Task;
                AssertPlace("plain");
            },
            name: "plain");
        await TaskScope.RunAsync(
            async scope => await scope.Spawn(
                async _ =>
                {
                    await Fiber.Yield();
                    handed.SetResult();
                    AssertPlace("completing/child");
                },
                "child"),
            name: "completing");
        await waiting;
        await plain;
    });

    [Fact]
    public Task Code_of_the_body_resumed_on_the_stack_of_a_child_knows_its_own_place() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            await ResumedByAChild(scope, handed => FiberAsync(handed).AsTask(), childAwaitsForeign: false);
            await ResumedByAChild(scope, handed => FiberAsync(handed).AsTask(), childAwaitsForeign: true);

            static async Fiber FiberAsync(Task handed)
            {
                await handed;
                AssertPlace("scope");
            }
        },
        name: "scope"));

    [Fact]
    public Task A_callback_of_cancellation_that_runs_on_a_fibers_stack_has_the_place_where_it_was_registered() => InTime(() => TaskScope.RunAsync(
        async outer =>
        {
            string? seen = null;
            await using TaskScope other = TaskScope.Open(name: "other");
            await TaskScope.RunAsync(
                static async (_) => await Fiber.Yield(), name: "registering");
            using CancellationTokenRegistration registration = other.Token.Register(() => seen = Place());
            await TaskScope.RunAsync(
                async inner => await inner.Spawn(
                    async _ =>
                    {
                        await Fiber.Yield();
                        other.Cancel();
                    },
                    "child"),
                name: "inner");
            Assert.Equal("outer", seen);
        },
        name: "outer"));

    [Fact]
    public Task Plain_code_of_the_body_resumed_on_the_stack_of_a_child_with_foreign_awaits_knows_its_own_place() =>
        InTime(() => TaskScope.RunAsync(
            async scope =>
            {
                await ResumedByAChild(scope, PlainAsync, childAwaitsForeign: true);

                static async Task PlainAsync(Task handed)
                {
                    await handed;
                    AssertPlace("scope");
                }
            },
            name: "scope"));

    /// <summary>Starts code in the body which awaits what a child then completes, so that it goes on on the stack of that.</summary>
    private static async Fiber ResumedByAChild(TaskScope scope, Func<Task, Task> start, bool childAwaitsForeign)
    {
        var handed = new TaskCompletionSource();
        Task waiting = start(handed.Task);
        await scope.Spawn(
            _ => childAwaitsForeign ? ForeignChildAsync() : ChildAsync(),
            "child");
        await waiting;

        async Fiber ChildAsync()
        {
            await Fiber.Yield();
            handed.SetResult();
            AssertPlace("scope/child");
        }

        async Fiber ForeignChildAsync()
        {
            await Task.Yield();
            handed.SetResult();
            AssertPlace("scope/child");
        }
    }

    private static async Fiber OnlyTreelinesAsync(ChildTask other)
    {
        AssertPlace("scope/child");
        await Fiber.Yield();
        AssertPlace("scope/child");
        await other;
        AssertPlace("scope/child");
        await Fiber.Yield();
        AssertPlace("scope/child");
    }

    private static async Fiber ForeignAsync()
    {
        AssertPlace("scope/child");
        await Task.Yield();
        AssertPlace("scope/child");
        await Fiber.Yield();
        AssertPlace("scope/child");
    }

    private static void AssertPlace(string? path) => Assert.Equal(path, Place());

    /// <summary>Where a scope opened here is in the tree.</summary>
    private static string? Place()
    {
        string path = string.Empty;
        Assert.True(TaskScope.RunAsync(
            scope =>
            {
                path = scope.Path;
                return ValueTask.CompletedTask;
            },
            name: "probe").IsCompletedSuccessfully);
        return path == "probe" ? null : path[..^"/probe".Length];
    }
}
