using System.Diagnostics;
using System.Reflection;

namespace Treeline.Tests.Execution.Fibers;

/// <summary>A fiber used twice, too late or not at all: each is caught, and the error says what to do.</summary>
public sealed class FiberMisuseTests : TreeTest
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Awaiting_a_fiber_twice_is_caught(bool suspends) => InTime(async () =>
    {
        Fiber<int> fiber = FiberTests.Answer(suspends);
        Assert.Equal(42, await fiber);
        await AssertUsed(async () => await fiber);
        await AssertUsed(async Task () => await fiber);
        Fiber nothing = FiberTests.Nothing(suspends);
        await nothing;
        await AssertUsed(async () => await nothing, nameof(FiberTests.Nothing));
    });

    [Fact]
    public Task Awaiting_a_fiber_that_is_awaited_still_is_caught() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        TaskCompletionSource begun = Signal();
        TaskCompletionSource go = Signal();
        Fiber fiber = WaitAsync();
        ChildTask first = scope.Spawn(async _ => await fiber);
        await begun.Task;
        await AssertUsed(async () => await fiber, nameof(WaitAsync));
        await AssertUsed(async Task () => await fiber, nameof(WaitAsync));
        go.SetResult();
        await first;

        async Fiber WaitAsync()
        {
            begun.SetResult();
            await go.Task;
        }
    }));

    [Fact]
    public Task Plain_code_whose_fiber_somebody_takes_before_it_suspends_is_told_when_it_goes_on() => InTime(async Task () =>
    {
        TaskCompletionSource go = Signal();
        TaskCompletionSource resumed = Signal();
        Fiber fiber = WaitAsync();
        FiberAwaiter late = fiber.GetAwaiter();
        Task first = fiber.AsTask();
        late.OnCompleted(resumed.SetResult);
        await resumed.Task;
        InvalidOperationException used = Assert.Throws<InvalidOperationException>(late.GetResult);
        Assert.Contains("A fiber runs once", used.Message, StringComparison.Ordinal);
        go.SetResult();
        await first;

        async Fiber WaitAsync() => await go.Task;
    });

    [Fact]
    public Task Awaiting_in_plain_code_what_plain_code_awaits_still_is_caught() => InTime(async () =>
    {
        TaskCompletionSource go = Signal();
        Fiber fiber = WaitAsync();
        Task first = AwaitAsync(fiber);
        await AssertUsed(async Task () => await fiber, nameof(WaitAsync));
        go.SetResult();
        await first;
        await AssertUsed(async Task () => await fiber, nameof(WaitAsync));

        async Fiber WaitAsync() => await go.Task;
        static async Task AwaitAsync(Fiber fiber) => await fiber;
    });

    [Fact]
    public Task Spawning_a_fiber_that_was_awaited_fails_the_child() => InTime(async () =>
    {
        Fiber<int> fiber = FiberTests.Answer(suspends: true);
        await fiber;
        await AssertUsed(() => TaskScope.RunAsync(async scope => await scope.Spawn(_ => fiber)));
    });

    [Fact]
    public Task Awaiting_a_fiber_that_was_spawned_is_caught_while_the_child_runs_and_after() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            TaskCompletionSource go = Signal();
            Fiber fiber = WaitAsync();
            ChildTask child = scope.Spawn(_ => fiber);
            await AssertUsed(async () => await fiber, nameof(WaitAsync));
            await AssertUsed(() => fiber.AsTask(), nameof(WaitAsync));
            go.SetResult();
            await child;
            await AssertUsed(async () => await fiber, nameof(WaitAsync));

            async Fiber WaitAsync() => await go.Task;
        }));

    [Fact]
    public Task Spawning_a_fiber_twice_fails_the_second_child_and_leaves_the_first_alone() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            TaskCompletionSource go = Signal();
            Fiber<int> fiber = WaitAsync();
            ChildTask<int> first = scope.Spawn(_ => fiber);
            ChildTask<int> second = scope.Spawn(_ => fiber);
            await AssertUsed(async () => await second, nameof(WaitAsync));
            Assert.False(first.IsCompleted);
            go.SetResult();
            Assert.Equal(42, await first);

            async Fiber<int> WaitAsync()
            {
                await go.Task;
                return 42;
            }
        },
        new ScopeOptions { OnFailure = FailurePolicy.Supervise }));

    [Fact]
    public Task Making_a_task_of_a_fiber_twice_or_after_a_use_is_caught() => InTime(async () =>
    {
        Fiber<int> fiber = FiberTests.Answer(suspends: true);
        Task<int> task = fiber.AsTask();
        await AssertUsed(() => fiber.AsTask());
        Assert.Equal(42, await task);
        await AssertUsed(() => fiber.AsTask());
        await AssertUsed(async () => await fiber);
    });

    [Fact]
    public Task A_body_that_hands_on_a_used_fiber_fails_the_run() => InTime(async () =>
    {
        Fiber<int> fiber = FiberTests.Answer(suspends: true);
        await fiber;
        await AssertUsed(() => TaskScope.RunAsync(_ => fiber));
    });

    [Fact]
    public Task A_handle_kept_for_long_after_its_end_is_caught_although_the_object_serves_others_of_the_same_method() =>
        InTime(() => TaskScope.RunAsync(async scope => await scope.Spawn(async _ =>
        {
            var kept = new List<Fiber<int>>();
            for (int i = 0; i < 50; i++)
            {
                Fiber<int> fiber = FiberTests.Answer(suspends: i % 2 == 0);
                kept.Add(fiber);
                await fiber;
            }

            // While others of the method are cold, run, and have ended.
            Fiber<int> cold = FiberTests.Answer(suspends: false);
            for (int i = 0; i < 1_000; i++)
            {
                await FiberTests.Answer(suspends: i % 2 == 0);
                Fiber<int> stale = kept[i % kept.Count];
                await AssertUsed(async () => await stale);
                await AssertUsed(() => stale.AsTask());
            }

            Assert.Equal(42, await cold);
        })));

    [Fact]
    public Task Asking_for_the_result_of_a_fiber_that_has_not_run_says_that_it_starts_when_awaited() => InTime(async () =>
    {
        Fiber<int> fiber = FiberTests.Answer(suspends: false);
        InvalidOperationException cold = Assert.Throws<InvalidOperationException>(() => fiber.GetAwaiter().GetResult());
        Assert.Contains("'Answer' has not run: fibers start when they are awaited", cold.Message, StringComparison.Ordinal);
        Assert.Equal(42, await fiber);
    });

    [Fact]
    public Task Blocking_on_a_fiber_that_runs_says_to_use_await() => InTime(async Task () =>
    {
        TaskCompletionSource go = Signal();
        bool resumed = false;
        FiberAwaiter<int> awaiter = WaitAsync().GetAwaiter();
        awaiter.OnCompleted(() => Volatile.Write(ref resumed, true));
        InvalidOperationException early = Assert.Throws<InvalidOperationException>(() => awaiter.GetResult());
        Assert.Contains("has not ended. Use await", early.Message, StringComparison.Ordinal);
        go.SetResult();
        await Until(() => Volatile.Read(ref resumed));
        Assert.Equal(42, awaiter.GetResult());

        async Fiber<int> WaitAsync()
        {
            await go.Task;
            return 42;
        }
    });

    [Fact]
    public void A_default_fiber_says_where_fibers_come_from()
    {
        AssertDefault(static () => default(Fiber).GetAwaiter());
        AssertDefault(static () => default(Fiber).AsTask());
        AssertDefault(static () => default(Fiber<int>).GetAwaiter());
        AssertDefault(static () => default(Fiber<int>).AsTask());

        static void AssertDefault(Func<object> use) => Assert.Contains(
            "default(Fiber) is no fiber: call an async method that returns one",
            Assert.Throws<InvalidOperationException>(use).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public Task A_default_fiber_given_to_a_scope_fails_what_it_was_to_be() => InTime(async () =>
    {
        InvalidOperationException child = await Assert.ThrowsAsync<InvalidOperationException>(
            () => TaskScope.RunAsync(async scope => await scope.Spawn(static _ => default(Fiber))));
        Assert.Contains("default(Fiber) is no fiber", child.Message, StringComparison.Ordinal);
        InvalidOperationException body = await Assert.ThrowsAsync<InvalidOperationException>(
            () => TaskScope.RunAsync(static _ => default(Fiber<int>)));
        Assert.Contains("default(Fiber) is no fiber", body.Message, StringComparison.Ordinal);
    });

    [Fact]
    public void A_default_handle_of_a_child_says_where_handles_come_from()
    {
        AssertDefault(static () => default(ChildTask).GetAwaiter());
        AssertDefault(static () => default(ChildTask).AsTask());
        AssertDefault(static () => default(ChildTask).State);
        AssertDefault(static () => default(ChildTask).Name);
        AssertDefault(static () => default(ChildTask).Path);
        AssertDefault(static () => default(ChildTask).Id);
        AssertDefault(static () => default(ChildTask).IsCompleted);
        AssertDefault(static () => default(ChildTask<int>).GetAwaiter());
        AssertDefault(static () => default(ChildTask<int>).AsTask());
        AssertDefault(static () => default(ChildTask<int>).State);
        Assert.Equal("no child", default(ChildTask).ToString());
        Assert.Equal("no child", default(ChildTask<int>).ToString());

        static void AssertDefault(Func<object> use) => Assert.Contains(
            "default(ChildTask) is no child: TaskScope.Spawn gives them",
            Assert.Throws<InvalidOperationException>(use).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public Task The_outcome_of_a_default_handle_says_the_same() => InTime(async () =>
    {
        InvalidOperationException error =
            await Assert.ThrowsAsync<InvalidOperationException>(() => default(ChildTask<int>).OutcomeAsync());
        Assert.Contains("default(ChildTask) is no child", error.Message, StringComparison.Ordinal);
    });

    [Fact]
    public Task The_debugger_shows_the_method_and_what_has_become_of_it() => InTime(async () =>
    {
        Fiber<int> cold = FiberTests.Answer(suspends: true);
        Assert.Equal("Answer (Cold)", cold.ToString());
        Task<int> task = cold.AsTask();
        await task;
        Assert.Equal("Answer (used up)", cold.ToString());
        Fiber nothing = FiberTests.Nothing(suspends: true);
        Assert.Equal("Nothing (Cold)", nothing.ToString());
        await nothing;
        Assert.Equal("Nothing (used up)", nothing.ToString());
        Assert.Equal("LocalAsync (Cold)", LocalAsync(1).ToString());
        Func<Fiber> lambda = static async () => await Fiber.Yield();
        Assert.Equal($"{nameof(The_debugger_shows_the_method_and_what_has_become_of_it)} (Cold)", lambda().ToString());
        Assert.Equal("no fiber", default(Fiber).ToString());
        Assert.Equal("no fiber", default(Fiber<int>).ToString());
        Assert.All([typeof(Fiber), typeof(Fiber<int>)], static type =>
            Assert.Equal("{ToString(),nq}", type.GetCustomAttribute<DebuggerDisplayAttribute>()!.Value));

        static async Fiber<T> LocalAsync<T>(T value)
        {
            await Fiber.Yield();
            return value;
        }
    });

    private static async Task AssertUsed(Func<Task> use, string method = "Answer")
    {
        InvalidOperationException error = await Assert.ThrowsAsync<InvalidOperationException>(use);
        Assert.Contains(method, error.Message, StringComparison.Ordinal);
        Assert.Contains("has been awaited, spawned or made a task before", error.Message, StringComparison.Ordinal);
        Assert.Contains("call the method again", error.Message, StringComparison.Ordinal);
    }
}
