#pragma warning disable CA2012 // that ValueTasks are kept is what some of these tests are about

namespace Treeline.Tests.Diagnostics;

/// <summary>What a node waits on, for each kind of wait and each kind of code; and nothing once it is over.</summary>
public sealed class WaitLinkTests : TreeTest
{
    [Fact]
    public Task A_fiber_says_which_signal_it_waits_for_and_no_longer_once_it_came() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        var signal = new ManualResetSignal("the orders");
        TaskCompletionSource looked = Signal();
        ChildTask child = scope.Spawn(
            async ct =>
            {
                await signal.Wait(ct);
                await looked.Task;
            },
            "child");
        await Until(() => Find("child").WaitsOn == "the orders");
        signal.Set();
        await Until(() => Find("child").WaitsOn is null);
        looked.SetResult();
        await child;
    }));

    [Fact]
    public Task Plain_code_says_which_signal_it_waits_for_and_no_longer_once_it_came() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        var signal = new ManualResetSignal("the orders");
        TaskCompletionSource looked = Signal();
        Func<CancellationToken, Task> work = async ct =>
        {
            await Task.Yield();
            await signal.WaitAsync(ct);
            await looked.Task;
        };
        ChildTask child = scope.Spawn(work, "child");
        await Until(() => Find("child").WaitsOn == "the orders");
        signal.Set();
        await Until(() => Find("child").WaitsOn is null);
        looked.SetResult();
        await child;
    }));

    [Fact]
    public Task A_method_that_a_fiber_awaits_says_it_for_the_fiber() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        var signal = new ManualResetSignal("the orders");
        ChildTask child = scope.Spawn(async ct => await TaskOf(ct), "child");
        await Until(() => Find("child").WaitsOn == "the orders");
        signal.Set();
        await child;
        ChildTask other = scope.Spawn(async ct => await FiberOf(ct), "other");
        signal.Reset();
        await Until(() => other.IsCompleted || Find("other").WaitsOn == "the orders");
        signal.Set();
        await other;

        async Task TaskOf(CancellationToken ct) => await signal.WaitAsync(ct);
        async Fiber FiberOf(CancellationToken ct) => await signal.Wait(ct);
    }));

    [Fact]
    public Task A_body_says_what_it_waits_for() => InTime(async () =>
    {
        var signal = new ManualResetSignal("the orders");
        Task run = TaskScope.RunAsync(async scope => await signal.Wait(scope.Token), name: "scope");
        Assert.Equal("the orders", Find("scope").WaitsOn);
        signal.Set();
        await run;
    });

    [Fact]
    public Task A_cancelled_wait_and_one_that_timed_out_show_no_more() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        var signal = new ManualResetSignal("the orders");
        var clock = new ManualTimeProvider();
        TaskCompletionSource looked = Signal();
        using var source = new CancellationTokenSource();
        ChildTask cancelled = scope.Spawn(
            async _ =>
            {
                await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await signal.WaitAsync(source.Token));
                await looked.Task;
            },
            "cancelled");
        ChildTask late = scope.Spawn(
            async _ =>
            {
                await Assert.ThrowsAsync<TimeoutException>(async () => await signal.WaitAsync(TimeSpan.FromSeconds(1), clock));
                await looked.Task;
            },
            "late");
        await Until(() => Find("cancelled").WaitsOn == "the orders" && Find("late").WaitsOn == "the orders");
        source.Cancel();
        clock.Advance(TimeSpan.FromSeconds(1));
        await Until(() => Find("cancelled").WaitsOn is null && Find("late").WaitsOn is null);
        looked.SetResult();
        await cancelled;
        await late;
    }));

    [Fact]
    public Task A_waiter_that_serves_another_wait_by_now_shows_nothing_to_the_first() => InTime(async () =>
    {
        var first = new ManualResetSignal("first");
        var second = new ManualResetSignal("second");
        await using CancelScope node = CancelScope.Open(name: "node");

        // The same object, twice: its link of the first life must not show the second.
        Waiter<Nothing> waiter = Waiter<Nothing>.Rent(first);
        ValueTask wait = waiter.AsVoidValueTask();
        int life = Life(waiter);
        node.BeginWait(waiter, life);
        Assert.Equal("first", node.Wait.Queue!.ToString());
        Assert.True(waiter.TryClaim());
        Assert.Null(node.Wait.Target);
        waiter.Complete(default);
        await wait;
        Assert.Null(node.Wait.Target);

        // Its next life, if the pool gives it out; if not, it stays as it was, which must show nothing either.
        Waiter<Nothing> next = Waiter<Nothing>.Rent(second);
        Assert.Null(node.Wait.Target);
        node.BeginWait(next, Life(next));
        Assert.Equal("second", node.Wait.Queue!.ToString());
        Assert.True(next.TryClaim());
        ValueTask rest = next.AsVoidValueTask();
        next.Complete(default);
        await rest;

        static int Life(WaiterBase waiter) => Enumerable.Range(0, 1 << 20).First(life => waiter.TryShow(life, out _, out _, out _));
    });

    [Fact]
    public Task A_node_shows_the_scope_that_it_runs_and_what_it_joins() => InTime(async () =>
    {
        TaskCompletionSource go = Signal();
        TaskCompletionSource own = Signal();
        Task outer = TaskScope.RunAsync(
            async _ =>
            {
                Task inner = TaskScope.RunAsync(_ => go.Task, name: "inner");
                await inner;
                await own.Task;
            },
            name: "outer");
        Assert.Equal("outer/inner", Find("outer").WaitsOn);
        Assert.Null(Find("inner").WaitsOn);
        go.SetResult();
        await Until(() => Find("outer").WaitsOn is null);
        own.SetResult();
        await outer;
    });

    [Fact]
    public Task Who_joins_a_scope_or_disposes_of_it_or_asks_for_an_outcome_says_so() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            TaskCompletionSource go = Signal();
            TaskScope open = TaskScope.Open(name: "open");
            ChildTask<int> slow = open.Spawn(
                async _ =>
                {
                    await go.Task;
                    return 1;
                },
                "slow");
            TaskScope other = TaskScope.Open(name: "other");
            ChildTask stubborn = other.Spawn(_ => go.Task);
            await Until(() => stubborn.State == NodeState.Running);
            ChildTask joins = scope.Spawn(async _ => await open.JoinAsync(), "joins");
            ChildTask disposes = scope.Spawn(async _ => await other.DisposeAsync(), "disposes");
            ChildTask asks = scope.Spawn(async _ => await slow.OutcomeAsync(), "asks");
            await Until(() => Find("joins").WaitsOn == "scope/open");
            await Until(() => Find("disposes").WaitsOn == "scope/other");
            await Until(() => Find("asks").WaitsOn == "scope/open/slow");
            go.SetResult();
            await joins;
            await disposes;
            await asks;
        },
        name: "scope"));

    [Fact]
    public Task A_wait_for_what_somebody_holds_says_who() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            var held = new TestLock("orders");
            TaskCompletionSource go = Signal();
            ChildTask holder = scope.Spawn(
                async _ =>
                {
                    await held.Take();
                    held.NoteHolder();
                    await go.Task;
                    held.GiveBack();
                },
                "holder");
            await Until(() => held.HasHolder);
            ChildTask waits = scope.Spawn(
                async ct =>
                {
                    await held.Take(ct);
                    held.GiveBack();
                },
                "waits");
            await Until(() => holder.IsCompleted || Find("waits").WaitsOn == "lock 'orders', held by scope/holder");
            Assert.False(holder.IsCompleted);
            go.SetResult();
            await holder;
            await waits;
        },
        name: "scope"));

    [Fact]
    public Task A_child_that_waits_for_a_place_says_so() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            TaskCompletionSource go = Signal();
            scope.Spawn(_ => go.Task, "first");
            ChildTask second = scope.Spawn(_ => Task.CompletedTask, "second");
            Assert.Equal("a free place in its scope", Find("second").WaitsOn);
            Assert.Null(Find("first").WaitsOn);
            go.SetResult();
            await second;
        },
        new ScopeOptions { MaxConcurrency = 1 }));

    [Fact]
    public Task Code_outside_the_tree_and_code_that_outlived_its_node_wait_without_harm() => InTime(async () =>
    {
        var signal = new ManualResetSignal();
        Task outside = signal.WaitAsync().AsTask();
        TaskCompletionSource go = Signal();
        Task? outlived = null;
        await TaskScope.RunAsync(scope =>
        {
            scope.Spawn(_ =>
            {
                outlived = Task.Run(async () =>
                {
                    await go.Task;
                    await signal.WaitAsync();
                });
                return Task.CompletedTask;
            });
            return Task.CompletedTask;
        });
        go.SetResult();
        signal.Set();
        await outside;
        await outlived!;
        Assert.Null(EndedNode.Instance.Wait.Target);
    });
}
