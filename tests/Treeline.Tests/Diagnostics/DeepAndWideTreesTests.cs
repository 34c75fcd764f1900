using System.Text.Json;

namespace Treeline.Tests.Diagnostics;

/// <summary>
/// Trees a hundred thousand nodes deep or wide: opened, seen, cancelled and closed without overflowing a stack, and in
/// time that grows with their size and not with its square.
/// </summary>
public sealed class DeepAndWideTreesTests : TreeTest
{
    private const int Many = 100_000;

    // Squares of this size take minutes. Processor time, because other processes may keep this one waiting.
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(10);

    [Fact]
    public Task A_deep_chain_of_cancel_scopes() => InTime(async () =>
    {
        CancelScope top = CancelScope.Open(name: "n");
        CancelScope deepest = top;
        for (int i = 1; i < Many; i++)
        {
            deepest = deepest.Child("n");
        }

        CancellationToken token = deepest.Token;
        await Within(() => Assert.Equal(Many, All().Count(static node => node.Name == "n")));
        await Within(() => top.Cancel());
        Assert.True(token.IsCancellationRequested);
        await Within(() => top.DisposeAsync().AsTask());
        Assert.Equal(NodeState.Cancelled, deepest.State);
    });

    [Fact]
    public Task A_deep_chain_of_cancel_scopes_closed_without_being_cancelled_first() => InTime(async () =>
    {
        CancelScope top = CancelScope.Open(name: "n");
        CancelScope deepest = top;
        for (int i = 1; i < Many; i++)
        {
            deepest = deepest.Child("n");
        }

        await Within(() => top.DisposeAsync().AsTask());
        Assert.Equal(NodeState.Cancelled, deepest.State);
    });

    [Fact]
    public Task A_deep_chain_of_scopes_and_children_each_awaiting_the_next() => InTime(async () =>
    {
        TaskCompletionSource<TaskScope> bottom = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskScope top = TaskScope.Open(name: "n");
        ChildTask first = top.Spawn(_ => Descend(Many / 2), "n");
        TaskScope deepest = await bottom.Task;

        await Within(() => Assert.InRange(All().Count(static node => node.Name == "n"), Many, Many + 1));
        await Within(() => Assert.InRange(TaskTree.Find("n").Count, Many, Many + 1));
        await Within(() => Assert.Contains($"(level {Many}) n  ", TaskTree.Dump(), StringComparison.Ordinal));
        await Within(() => TaskTree.Snapshot().WriteJson(new Utf8JsonWriter(Stream.Null)));
        await Within(() => Assert.Empty(TaskTree.FindDeadlocks().Cycles));
        await Within(() => top.Cancel("enough"));
        Assert.Equal("enough", deepest.CancelReason);
        await Within(() => top.DisposeAsync().AsTask());
        Assert.Equal(NodeState.Cancelled, first.State);

        async Task Descend(int levels)
        {
            await Task.Yield(); // off the stack
            await TaskScope.RunAsync(
                async scope =>
                {
                    if (levels > 1)
                    {
                        await scope.Spawn(_ => Descend(levels - 1), "n");
                    }
                    else
                    {
                        bottom.SetResult(scope);
                        await Forever(scope.Token);
                    }
                },
                name: "n");
        }
    });

    [Fact]
    public Task A_circle_of_waits_that_goes_through_all_of_a_deep_chain() => InTime(async () =>
    {
        TaskCompletionSource<TreeNode> bottom = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource go = Signal();
        TaskScope top = TaskScope.Open(name: "n");
        top.Spawn(
            async Task (CancellationToken _) =>
            {
                TreeNode first = Ambient.Current!;
                await Descend(Many / 2, first);
            },
            "n");
        await bottom.Task;
        await Within(() =>
        {
            DeadlockReport report = TaskTree.FindDeadlocks();
            Assert.True(Assert.Single(report.Cycles).Count >= Many / 2);
            Assert.True(report.StuckNodes >= Many / 2);
            Assert.Contains("nodes wait for each other", report.ToString(), StringComparison.Ordinal);
        });
        go.SetResult();
        await Within(() => top.JoinAsync());

        Task Descend(int levels, TreeNode first) => TaskScope.RunAsync(
            async _ =>
            {
                await Task.Yield(); // off the stack
                if (levels > 0)
                {
                    await Descend(levels - 1, first);
                    return;
                }

                Ambient.BeginWait(first, ((ChildNode)first).Version);
                bottom.SetResult(first);
                await go.Task;
            },
            name: "n");
    });

    [Fact]
    public Task A_deep_chain_that_ends_normally() => InTime(async () =>
    {
        await Within(async () => Assert.Equal(Many / 2, await Descend(Many / 2)));

        static async Task<int> Descend(int levels)
        {
            await Task.Yield();
            return levels == 0 ? 0 : 1 + await TaskScope.RunAsync(_ => Descend(levels - 1), name: "n");
        }
    });

    [Fact]
    public Task A_deep_chain_of_forgotten_scopes_that_the_last_of_them_closes() => InTime(async () =>
    {
        TaskCompletionSource go = Signal();
        TaskCompletionSource built = Signal();
        Task all = Descend(Many / 2);
        await built.Task;
        await Within(() =>
        {
            go.SetResult();
            return all;
        });

        Task Descend(int levels) => TaskScope.RunAsync(
            async _ =>
            {
                await Task.Yield();
                if (levels > 0)
                {
                    Task forgotten = Descend(levels - 1);
                    Assert.NotNull(forgotten);
                }
                else
                {
                    built.SetResult();
                    await go.Task;
                }
            },
            name: "n");
    });

    [Fact]
    public Task A_wide_scope_of_waiting_children() => InTime(async () =>
    {
        TaskScope scope = TaskScope.Open(name: "n");
        for (int i = 0; i < Many; i++)
        {
            scope.Spawn(Forever, "n");
        }

        await Within(() => Assert.Equal(Many + 1, All().Count(static node => node.Name == "n")));
        await Within(() => scope.Cancel());
        await Within(() => scope.DisposeAsync().AsTask());
    });

    [Fact]
    public Task A_wide_cancel_scope_closed_with_all_below_it_open() => InTime(async () =>
    {
        CancelScope top = CancelScope.Open(name: "n");
        for (int i = 0; i < Many; i++)
        {
            top.Child("n");
        }

        await Within(() => top.DisposeAsync().AsTask());
    });

    [Fact]
    public Task A_wide_supervising_scope_of_which_every_child_fails_and_is_looked_at() => InTime(() => Within(() =>
        TaskScope.RunAsync(
            async scope =>
            {
                for (int i = 0; i < Many / 10; i++)
                {
                    ChildTask<int> child = scope.Spawn(static _ => Task.FromException<int>(new OopsException("looked at")), "n");
                    Assert.Equal(NodeState.Failed, (await child.OutcomeAsync()).State);
                }
            },
            new ScopeOptions { OnFailure = FailurePolicy.Supervise })));

    private static Task Within(Action step) => Within(() =>
    {
        step();
        return Task.CompletedTask;
    });

    private static async Task Within(Func<Task> step)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        await step();
        TimeSpan took = Environment.CpuUsage.TotalTime - before;
        Assert.True(took < s_soon, $"It took {took}.");
    }
}
