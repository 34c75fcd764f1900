namespace Treeline.Tests.Diagnostics;

/// <summary>Circles of waits are found, and what only looks like one is not.</summary>
public sealed class DeadlockTests : TreeTest
{
    [Fact]
    public Task Two_nodes_that_each_hold_what_the_other_wants() => InTime(async () =>
    {
        var a = new TestLock("a");
        var b = new TestLock("b");
        TaskCompletionSource bothHold = Signal();
        TaskScope scope = TaskScope.Open(name: "scope");
        ChildTask left = scope.Spawn(ct => TakeBoth(a, b, ct), "left");
        ChildTask right = scope.Spawn(ct => TakeBoth(b, a, ct), "right");
        scope.Spawn(async ct => await left, "bystander");
        await Until(() => Find("left").WaitsOn is not null && Find("right").WaitsOn is not null);
        Assert.Empty(Cycles("scope"));
        bothHold.SetResult();
        await Until(() => Cycles("scope").Count > 0 && Find("bystander").WaitsOn is not null);

        IReadOnlyList<DeadlockedNode> cycle = Assert.Single(Cycles("scope"));
        Assert.Equal(
            [("scope/left", "lock 'b', held by scope/right"), ("scope/right", "lock 'a', held by scope/left")],
            cycle.OrderBy(static node => node.Path).Select(static node => (node.Path, node.WaitsOn)));
        Assert.All(cycle, static node => Assert.StartsWith("DeadlockTests.cs:", node.SpawnSite, StringComparison.Ordinal));
        DeadlockReport report = TaskTree.FindDeadlocks();
        Assert.True(report.StuckNodes >= 4, "Both, who waits for one of them, and their scope.");
        Assert.Contains("Deadlock: 2 nodes wait for each other.", report.ToString(), StringComparison.Ordinal);
        Assert.Contains("waits on lock 'b', held by scope/right", TaskTree.Dump(), StringComparison.Ordinal);
        Assert.Contains("nodes can never end.", TaskTree.Dump(), StringComparison.Ordinal);
        await scope.DisposeAsync();
        Assert.Empty(Cycles("scope"));

        async Fiber TakeBoth(TestLock first, TestLock second, CancellationToken ct)
        {
            await first.Take(ct);
            first.NoteHolder();
            var signal = new ManualResetSignal();
            _ = bothHold.Task.ContinueWith(_ => signal.Set(), TaskScheduler.Default);
            await signal.Wait(ct);
            await second.Take(ct);
        }
    });

    [Fact]
    public Task The_same_in_code_that_is_no_fiber() => InTime(async () =>
    {
        var a = new TestLock("a");
        var b = new TestLock("b");
        TaskCompletionSource bothHold = Signal();
        TaskScope scope = TaskScope.Open(name: "scope");
        scope.Spawn((CancellationToken ct) => TakeBoth(a, b, ct), "left");
        scope.Spawn((CancellationToken ct) => TakeBoth(b, a, ct), "right");
        bothHold.SetResult();
        await Until(() => Cycles("scope").Count > 0);
        Assert.Equal(2, Assert.Single(Cycles("scope")).Count);
        await scope.DisposeAsync();

        async Task TakeBoth(TestLock first, TestLock second, CancellationToken ct)
        {
            await first.TakeAsync(ct);
            first.NoteHolder();
            await bothHold.Task;
            await Until(() => a.HasHolder && b.HasHolder);
            await second.TakeAsync(ct);
        }
    });

    [Fact]
    public Task Children_that_await_each_other() => InTime(async () =>
    {
        TaskCompletionSource release = Signal();
        TaskCompletionSource<TreeNode> first = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource<TreeNode> second = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskScope scope = TaskScope.Open(name: "scope");
        scope.Spawn(_ => AwaitEachOther(first, second), "first");
        scope.Spawn(_ => AwaitEachOther(second, first), "second");
        await Until(() => Cycles("scope").Count > 0);
        Assert.Equal(
            [("scope/first", "scope/second"), ("scope/second", "scope/first")],
            Assert.Single(Cycles("scope")).OrderBy(static node => node.Path).Select(static node => (node.Path, node.WaitsOn)));
        release.SetResult();
        await scope.JoinAsync();

        async Task AwaitEachOther(TaskCompletionSource<TreeNode> self, TaskCompletionSource<TreeNode> other)
        {
            self.SetResult(Ambient.Current!);
            await Await(await other.Task, release.Task);
        }
    });

    [Fact]
    public Task A_nested_scope_whose_child_awaits_the_one_that_opened_it() => InTime(async () =>
    {
        TaskCompletionSource release = Signal();
        TaskScope scope = TaskScope.Open(name: "scope");
        scope.Spawn(
            async Task (CancellationToken _) =>
            {
                TreeNode self = Ambient.Current!;
                await TaskScope.RunAsync(async inner => inner.Spawn(_ => Await(self, release.Task), "inside"), name: "inner");
            },
            "outside");
        await Until(() => Cycles("scope").Count > 0);
        IReadOnlyList<DeadlockedNode> cycle = Assert.Single(Cycles("scope"));
        Assert.Contains(cycle, static node => node is { Path: "scope/outside/inner/inside", WaitsOn: "scope/outside" });
        Assert.Contains(cycle, static node =>
            node.Path == "scope/outside/inner" && node.WaitsOn.StartsWith("the end of scope/outside/inner/inside", StringComparison.Ordinal));
        release.SetResult();
        await scope.JoinAsync();
    });

    [Fact]
    public Task A_scope_run_under_a_lock_whose_child_wants_the_lock() => InTime(async () =>
    {
        var held = new TestLock("held");
        TaskScope scope = TaskScope.Open(name: "scope");
        scope.Spawn(
            async ct =>
            {
                await held.Take(ct);
                held.NoteHolder();
                await TaskScope.RunAsync(async inner => inner.Spawn(async token => await held.Take(token), "wants"), name: "inner");
            },
            "holder");
        await Until(() => Cycles("scope").Count > 0);
        Assert.Equal(
            ["scope/holder", "scope/holder/inner", "scope/holder/inner/wants"],
            Assert.Single(Cycles("scope")).Select(static node => node.Path).Order());
        await scope.DisposeAsync();
    });

    [Fact]
    public Task A_node_that_wants_the_lock_it_holds() => InTime(async () =>
    {
        var held = new TestLock("held");
        TaskScope scope = TaskScope.Open(name: "scope");
        scope.Spawn(
            async ct =>
            {
                await held.Take(ct);
                held.NoteHolder();
                await held.Take(ct);
            },
            "greedy");
        await Until(() => Cycles("scope").Count > 0);
        Assert.Equal("scope/greedy", Assert.Single(Assert.Single(Cycles("scope"))).Path);
        Assert.Contains("a node waits for itself", TaskTree.FindDeadlocks().ToString(), StringComparison.Ordinal);
        await scope.DisposeAsync();
    });

    [Fact]
    public Task A_child_with_a_place_that_awaits_one_without() => InTime(async () =>
    {
        TaskCompletionSource<ChildTask> second = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskScope scope = TaskScope.Open(new ScopeOptions { Name = "scope", MaxConcurrency = 1 });
        scope.Spawn(async _ => await (await second.Task), "first");
        second.SetResult(scope.Spawn(async _ => { }, "second"));
        await Until(() => Cycles("scope").Count > 0);
        Assert.Contains(Assert.Single(Cycles("scope")), static node => node is { Path: "scope/second", WaitsOn: "a free place in its scope" });
        await scope.DisposeAsync();
    });

    [Fact]
    public Task A_second_place_whose_holder_goes_on_is_enough() => InTime(async () =>
    {
        TaskCompletionSource go = Signal();
        TaskCompletionSource<ChildTask> third = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskScope scope = TaskScope.Open(new ScopeOptions { Name = "scope", MaxConcurrency = 2 });
        scope.Spawn(async _ => await (await third.Task), "first");
        scope.Spawn(async _ => await go.Task, "second");
        third.SetResult(scope.Spawn(async _ => { }, "third"));
        await Until(() => Find("first").WaitsOn == "scope/third" && Find("third").WaitsOn is not null);
        Assert.Empty(Cycles("scope"));
        go.SetResult();
        await scope.JoinAsync();
    });

    [Fact]
    public Task A_holder_that_runs_or_waits_for_something_external_is_no_deadlock() => InTime(async () =>
    {
        var held = new TestLock("held");
        TaskCompletionSource go = Signal();
        TaskScope scope = TaskScope.Open(name: "scope");
        scope.Spawn(
            async ct =>
            {
                await held.Take(ct);
                held.NoteHolder();
                await go.Task;
                held.GiveBack();
            },
            "holder");
        await Until(() => held.HasHolder);
        ChildTask wants = scope.Spawn(async ct => await held.Take(ct), "wants");
        scope.Spawn(async _ => await wants, "waits");
        await Until(() => Find("waits").WaitsOn is not null && Find("wants").WaitsOn is not null);
        Assert.Empty(Cycles("scope"));
        go.SetResult();
        await scope.JoinAsync();
    });

    [Fact]
    public Task A_wait_for_a_limited_time_is_no_deadlock() => InTime(async () =>
    {
        var held = new TestLock("held");
        TaskScope scope = TaskScope.Open(name: "scope");
        scope.Spawn(
            async ct =>
            {
                await held.Take(ct);
                held.NoteHolder();
                await held.TakeAsync(TimeSpan.FromDays(1), ct);
            },
            "patient");
        await Until(() => Find("patient").WaitsOn == "lock 'held', held by scope/patient");
        Assert.Empty(Cycles("scope"));
        await scope.DisposeAsync();
    });

    [Fact]
    public Task A_wait_that_was_made_a_task_is_no_deadlock_because_nobody_knows_who_awaits_it() => InTime(async () =>
    {
        var held = new TestLock("held");
        TaskCompletionSource go = Signal();
        TaskScope scope = TaskScope.Open(name: "scope");
        scope.Spawn(
            async ct =>
            {
                await held.Take(ct);
                held.NoteHolder();
                Task again = held.TakeAsync(ct).AsTask();
                await Task.WhenAny(again, go.Task);
                held.GiveBack();
                await again;
            },
            "clever");
        await Until(() => Find("clever").WaitsOn == "lock 'held', held by scope/clever");
        Assert.Empty(Cycles("scope"));
        go.SetResult();
        await scope.JoinAsync();
    });

    [Fact]
    public Task Two_deadlocks_are_two_circles() => InTime(async () =>
    {
        TaskScope scope = TaskScope.Open(name: "scope");
        for (int i = 0; i < 2; i++)
        {
            var held = new TestLock($"{i}");
            scope.Spawn(
                async ct =>
                {
                    await held.Take(ct);
                    held.NoteHolder();
                    await held.Take(ct);
                },
                $"greedy {i}");
        }

        await Until(() => Cycles("scope").Count == 2);
        await scope.DisposeAsync();
    });

    [Fact]
    public Task Work_that_goes_on_is_never_reported() => InTime(async () =>
    {
        // Locks that are always taken in the same order, under contention: at any time many wait, and none is stuck.
        TestLock[] locks = [.. Enumerable.Range(0, 3).Select(static i => new TestLock($"{i}"))];
        bool stop = false;
        TaskScope scope = TaskScope.Open(name: "scope");
        for (int i = 0; i < 4; i++)
        {
            scope.Spawn(
                async _ =>
                {
                    while (!Volatile.Read(ref stop))
                    {
                        foreach (TestLock each in locks)
                        {
                            await each.Take();
                            each.NoteHolder();
                        }

                        await Fiber.Yield();
                        foreach (TestLock each in locks)
                        {
                            each.GiveBack();
                        }
                    }
                },
                $"worker {i}");
        }

        for (int i = 0; i < 300; i++)
        {
            Assert.Empty(Cycles("scope"));
        }

        Volatile.Write(ref stop, true);
        await scope.JoinAsync();
    });

    [Fact]
    public void Nothing_found_says_so() => Assert.Equal("No deadlock.", DeadlockReport.None.ToString());

    private static List<IReadOnlyList<DeadlockedNode>> Cycles(string root) =>
        [.. TaskTree.FindDeadlocks().Cycles.Where(cycle => cycle.All(node => node.Path.Split('/')[0] == root))];

    /// <summary>
    /// Leaves the note that awaiting a child leaves, and can be ended all the same: waiting for a child is not cancelled, so
    /// children that really awaited each other would stay for ever.
    /// </summary>
    private static async Task Await(TreeNode child, Task release)
    {
        Ambient.BeginWait(child, ((ChildNode)child).Version);
        await release;
    }
}
