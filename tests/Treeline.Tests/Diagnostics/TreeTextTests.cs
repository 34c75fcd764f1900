using System.Globalization;

namespace Treeline.Tests.Diagnostics;

/// <summary>The dump: what a line says, how the tree is drawn, how deep it goes.</summary>
public sealed class TreeTextTests : TreeTest
{
    [Fact]
    public Task Each_node_has_a_line_that_says_all_about_it() => InTime(async () =>
    {
        var signal = new ManualResetSignal("the orders");
        TaskCompletionSource go = Signal();
        Task run = TaskScope.RunAsync(
            async scope =>
            {
                await using CancelScope cancel = scope.Child("by hand");
                scope.Spawn(async ct => await signal.Wait(ct), "waits");
                scope.Spawn(_ => go.Task, "runs");
                await go.Task;
            },
            name: "top");
        await Until(() => Find("waits").WaitsOn is not null && Find("runs").State == NodeState.Running);

        string[] lines = Lines("top", 4);
        Assert.Matches(@"^top  scope, running, \d+\.\d\d s, running or external, spawned at TreeTextTests\.cs:\d+$", lines[0]);
        Assert.Matches(@"^  by hand  cancel scope, running, \d+\.\d\d s, open, spawned at TreeTextTests\.cs:\d+$", lines[1]);
        Assert.Matches(@"^  waits  child, running, \d+\.\d\d s, waits on the orders, spawned at TreeTextTests\.cs:\d+$", lines[2]);
        Assert.Matches(@"^  runs  child, running, \d+\.\d\d s, running or external, spawned at TreeTextTests\.cs:\d+$", lines[3]);
        Assert.Matches(@"^\d+ nodes at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", TaskTree.Dump().Split(Environment.NewLine)[0]);
        signal.Set();
        go.SetResult();
        await run;
        Assert.DoesNotContain("by hand", TaskTree.Dump(), StringComparison.Ordinal);
    });

    [Fact]
    public Task A_child_that_no_thread_has_taken_yet_has_not_started() => InTime(async () =>
    {
        IThreadPoolWorkItem? queued = null;
        TaskScope scope = TaskScope.Open(new ScopeOptions { Name = "top", Executor = new ExecutorOf(work => queued = work) });
        ChildTask child = scope.Spawn(_ => Task.CompletedTask, "queued");
        string[] lines = Lines("top", 2);
        Assert.Contains(", open, ", lines[0], StringComparison.Ordinal);
        Assert.Contains("  queued  child, pending, ", lines[1], StringComparison.Ordinal);
        Assert.Contains(", not started, ", lines[1], StringComparison.Ordinal);
        queued!.Execute();
        await child;
        await scope.JoinAsync();
    });

    [Fact]
    public Task Below_forty_levels_a_line_says_its_level_in_place_of_being_indented_further() => InTime(async () =>
    {
        await using CancelScope top = CancelScope.Open(name: "level 1");
        CancelScope deepest = top;
        for (int level = 2; level <= 45; level++)
        {
            deepest = deepest.Child(string.Create(CultureInfo.InvariantCulture, $"level {level}"));
        }

        string[] lines = Lines("level 1", 45);
        Assert.StartsWith(new string(' ', 80) + "level 41  ", lines[40], StringComparison.Ordinal);
        Assert.StartsWith(new string(' ', 80) + "(level 42) level 42  ", lines[41], StringComparison.Ordinal);
        Assert.StartsWith(new string(' ', 80) + "(level 45) level 45  ", lines[44], StringComparison.Ordinal);
    });

    [Fact]
    public Task Long_paths_are_cut_short_so_that_a_deep_tree_stays_readable() => InTime(async () =>
    {
        TaskCompletionSource go = Signal();
        TaskScope scope = TaskScope.Open(name: "top");
        scope.Spawn(_ => Descend(12), "12");
        await Until(() => All().Exists(static node => node.Name == "0"));
        await Until(() => Find("1").WaitsOn is not null);
        Assert.Equal("top/12/11/10/9/8/7/6/5/4/3/2/1", Find("1").WaitsOn!.Replace("/in", "", StringComparison.Ordinal));
        Assert.Contains("waits on …/", TaskTree.Dump(), StringComparison.Ordinal);
        Assert.Contains("waits on top/12/in", TaskTree.Dump(), StringComparison.Ordinal);
        go.SetResult();
        await scope.JoinAsync();

        Task Descend(int levels) => levels == 0 ? go.Task : TaskScope.RunAsync(
            async scope => await scope.Spawn(_ => Descend(levels - 1), $"{levels - 1}"), name: "in");
    });

    private static string[] Lines(string root, int count)
    {
        string[] lines = TaskTree.Dump().Split(Environment.NewLine);
        int first = Array.FindIndex(lines, line => line.StartsWith(root + "  ", StringComparison.Ordinal));
        Assert.True(first > 0, TaskTree.Dump());
        return lines[first..(first + count)];
    }
}
