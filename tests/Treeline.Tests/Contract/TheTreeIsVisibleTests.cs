namespace Treeline.Tests.Contract;

/// <summary>
/// Line 11 of the contract: at any time every live node's name, kind, state, age, spawn site, and what it waits on.
/// </summary>
public class TheTreeIsVisibleTests : TreeTest
{
    [Fact]
    public Task Every_kind_of_node_shows_with_its_name_in_the_order_of_birth() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            await using CancelScope cancel = scope.Child("cancel");
            scope.Spawn(Forever, "first");
            scope.Spawn(Forever, "second");
            await TaskScope.RunAsync(
                static _ =>
                {
                    NodeSnapshot top = Find("top");
                    Assert.Equal(NodeKind.Scope, top.Kind);
                    Assert.Equal(
                        [
                            ("cancel", NodeKind.CancelScope), ("first", NodeKind.Child), ("second", NodeKind.Child),
                            ("nested", NodeKind.Scope),
                        ],
                        top.Children.Select(static node => (node.Name, node.Kind)));
                    return Task.CompletedTask;
                },
                name: "nested");
            scope.Cancel();
        },
        name: "top"));

    [Fact]
    public Task Names_default_to_the_method_for_scopes_and_to_the_place_for_children() => InTime(async () =>
    {
        await TaskScope.RunAsync(async scope =>
        {
            ChildTask child = scope.Spawn(Forever);
            Assert.Equal(nameof(Names_default_to_the_method_for_scopes_and_to_the_place_for_children), scope.Name);
            Assert.Matches(@"^TheTreeIsVisibleTests\.cs:\d+$", child.Name);
            NodeSnapshot shown = Assert.Single(Find(scope.Name).Children);
            Assert.Equal(child.Name, shown.SpawnSite);
            Assert.Equal(child.Id, shown.Id);
            scope.Cancel();
            await Task.Yield();
        });
        await using TaskScope open = TaskScope.Open();
        Assert.Equal(nameof(Names_default_to_the_method_for_scopes_and_to_the_place_for_children), open.Name);
        await using CancelScope cancel = CancelScope.Open();
        Assert.Equal(nameof(Names_default_to_the_method_for_scopes_and_to_the_place_for_children), cancel.Name);
    });

    [Fact]
    public Task A_child_goes_from_pending_over_running_and_joining_to_succeeded() => InTime(async events =>
    {
        IThreadPoolWorkItem? queued = null;
        var byHand = new ExecutorOf(work => queued = work);
        TaskCompletionSource own = Signal();
        TaskCompletionSource nested = Signal();
        await TaskScope.RunAsync(
            async scope =>
            {
                ChildTask child = scope.Spawn(
                    async ct =>
                    {
                        _ = TaskScope.RunAsync(_ => nested.Task);
                        await own.Task;
                    },
                    "child");
                Assert.Equal(NodeState.Pending, Find("child").State);
                events.Expect(1);
                queued!.Execute();
                Assert.Equal(NodeState.Running, Find("child").State);
                events.Expect(2);
                own.SetResult();
                await Until(() => Find("child").State == NodeState.Joining);
                Assert.Equal("1 child", Find("child").WaitsOn);
                events.Expect(3);
                nested.SetResult();
                await child;
                Assert.Equal(NodeState.Succeeded, child.State);
                Assert.Empty(Find("scope").Children);
                events.Finish(4);
            },
            new ScopeOptions { Name = "scope", Executor = byHand });
    });

    [Fact]
    public Task A_scope_goes_from_running_over_joining_to_succeeded() => InTime(async () =>
    {
        TaskCompletionSource go = Signal();
        TaskScope scope = TaskScope.Open(name: "scope");
        scope.Spawn(_ => go.Task);
        scope.Spawn(_ => go.Task);
        Assert.Equal(NodeState.Running, Find("scope").State);
        Assert.Null(Find("scope").WaitsOn);
        Task join = scope.JoinAsync();
        Assert.Equal(NodeState.Joining, Find("scope").State);
        Assert.Equal("2 children", Find("scope").WaitsOn);
        go.SetResult();
        await join;
        Assert.Equal(NodeState.Succeeded, scope.State);
    });

    [Fact]
    public Task What_is_cancelled_shows_as_cancelling_until_it_has_unwound() => InTime(async () =>
    {
        TaskCompletionSource unwound = Signal();
        ChildTask child = default;
        TaskScope scope = TaskScope.Open(name: "scope");
        child = scope.Spawn(_ => unwound.Task, "child");
        CancelScope cancel = scope.Child("cancel");
        await Until(() => child.State == NodeState.Running);
        scope.Cancel();
        Assert.Equal(NodeState.Cancelling, Find("scope").State);
        Assert.Equal(NodeState.Cancelling, Find("child").State);
        Assert.Equal(NodeState.Cancelling, Find("cancel").State);
        unwound.SetResult();
        await scope.DisposeAsync();
        Assert.Equal(NodeState.Cancelled, cancel.State);
    });

    [Fact]
    public Task A_node_that_awaits_a_child_shows_which_and_no_longer_once_it_has_ended() =>
        InTime(() => TaskScope.RunAsync(
            async scope =>
            {
                TaskCompletionSource go = Signal();
                TaskCompletionSource checkedIt = Signal();
                ChildTask<int> first = scope.Spawn(
                    async _ =>
                    {
                        await go.Task;
                        return 1;
                    },
                    "first");
                ChildTask second = scope.Spawn(
                    async _ =>
                    {
                        await first;
                        await checkedIt.Task;
                    },
                    "second");
                await Until(() => Find("second").WaitsOn is not null);
                Assert.Equal("scope/first", Find("second").WaitsOn);
                Assert.Null(Find("first").WaitsOn);
                go.SetResult();
                await Until(() => Find("second").WaitsOn is null);
                checkedIt.SetResult();
                await second;
            },
            name: "scope"));

    [Fact]
    public Task Age_counts_from_birth_and_never_goes_back() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            TimeSpan first = Find("scope").Age;
            Assert.InRange(first, TimeSpan.Zero, TimeSpan.FromSeconds(30));
            await Until(() => Find("scope").Age > first);
        },
        name: "scope"));

    [Fact]
    public Task A_snapshot_does_not_change_after_it_was_taken() => InTime(async () =>
    {
        TaskScope scope = TaskScope.Open(name: "scope");
        scope.Spawn(Forever, "child");
        NodeSnapshot shown = Find("scope");
        await scope.DisposeAsync();
        Assert.Equal("child", Assert.Single(shown.Children).Name);
        Assert.Equal(NodeState.Running, shown.State);
    });

    [Fact]
    public Task The_count_is_that_of_all_nodes() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        int before = TaskTree.Snapshot().Count;
        for (int i = 0; i < 10; i++)
        {
            scope.Spawn(Forever);
        }

        TaskTreeSnapshot snapshot = TaskTree.Snapshot();
        Assert.Equal(before + 10, snapshot.Count);
        Assert.InRange(snapshot.TakenAt, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
        scope.Cancel();
        await Task.Yield();
    }));

    [Fact]
    public Task Nothing_is_in_the_tree_once_all_has_ended_in_whatever_way() => InTime(async () =>
    {
        await TaskScope.RunAsync(static _ => Task.CompletedTask, name: "gone");
        await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(
            async scope =>
            {
                scope.Spawn(Forever, "gone");
                await Task.Yield();
                throw new OopsException("body");
            },
            name: "gone"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => TaskScope.RunAsync(
            static _ => Task.CompletedTask, new CancellationToken(canceled: true), name: "gone"));
        Assert.DoesNotContain(All(), static node => node.Name == "gone");
    });
}
