using System.Collections.Concurrent;

namespace Treeline.Tests.Diagnostics;

/// <summary>Who subscribes hears of each node's beginning and end, in an order that fits the tree.</summary>
public sealed class SubscribeTests : TreeTest
{
    [Fact]
    public Task Each_node_is_told_as_it_begins_and_as_it_ends() => InTime(async () =>
    {
        var heard = new ConcurrentQueue<string>();
        using (TaskTree.Subscribe(change => heard.Enqueue(change.ToString())))
        {
            await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(
                async scope =>
                {
                    await scope.Spawn(async _ => { }, "ends");
                    await using (scope.Child("by hand"))
                    {
                    }

                    await TaskScope.RunAsync(static _ => Task.CompletedTask, name: "nested");
                    await scope.Spawn(async _ => throw new OopsException("failed"), "fails");
                },
                name: "top"));
        }

        await TaskScope.RunAsync(static _ => Task.CompletedTask, name: "unheard");
        Assert.Equal(
            [
                "Started: top (Running)",
                "Started: top/ends (Pending)",
                "Ended: top/ends (Succeeded)",
                "Started: top/by hand (Running)",
                "Ended: top/by hand (Succeeded)",
                "Started: top/nested (Running)",
                "Ended: top/nested (Succeeded)",
                "Started: top/fails (Pending)",
                "Ended: top/fails (Failed)",
                "Ended: top (Failed)",
            ],
            heard);
    });

    [Fact]
    public Task A_change_says_all_about_its_node() => InTime(async () =>
    {
        var heard = new ConcurrentQueue<TreeChange>();
        long id = 0;
        using (TaskTree.Subscribe(heard.Enqueue))
        {
            await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(
                scope =>
                {
                    ChildTask child = scope.Spawn(static _ => Task.FromException(new OopsException("failed")), "fails");
                    id = child.Id;
                    return Task.CompletedTask;
                },
                name: "top"));
        }

        TreeChange ended = Assert.Single(heard, change => change.Id == id && change.Kind == TreeChangeKind.Ended);
        Assert.Equal(("fails", "top/fails", NodeKind.Child), (ended.Name, ended.Path, ended.NodeKind));
        Assert.StartsWith("SubscribeTests.cs:", ended.SpawnSite, StringComparison.Ordinal);
        Assert.Equal("failed", Assert.IsType<OopsException>(ended.Error).Message);
        Assert.Equal("failed", heard.Single(static change => change is { Name: "top", Kind: TreeChangeKind.Ended }).Error!.Message);
        Assert.Null(heard.First().Error);
    });

    [Fact]
    public Task A_child_that_never_starts_is_told_too_and_so_is_one_with_something_nested() => InTime(async () =>
    {
        var heard = new ConcurrentQueue<string>();
        using (TaskTree.Subscribe(change => heard.Enqueue(change.ToString())))
        {
            TaskScope scope = TaskScope.Open(name: "top");
            scope.Spawn(static _ => TaskScope.RunAsync(static inner => Forever(inner.Token), name: "nested"), "outer");
            await Until(() => All().Exists(static node => node.Name == "nested"));
            scope.Cancel();
            scope.Spawn(static _ => Task.CompletedTask, "late");
            await scope.DisposeAsync();
        }

        Assert.Equal(
            [
                "Started: top (Running)",
                "Started: top/outer (Pending)",
                "Started: top/outer/nested (Running)",
                "Ended: top (Cancelled)",
                "Ended: top/late (Cancelled)",
                "Ended: top/outer (Cancelled)",
                "Ended: top/outer/nested (Cancelled)",
            ],
            heard.Where(static each => !each.StartsWith("Started: top/late", StringComparison.Ordinal))
                .OrderByDescending(static each => each[0]).ThenBy(static each => each[0] == 'E' ? each : ""));
        Assert.True(
            heard.ToList().IndexOf("Ended: top/outer/nested (Cancelled)") < heard.ToList().IndexOf("Ended: top/outer (Cancelled)"));
        Assert.Equal("Ended: top (Cancelled)", heard.Last());
    });

    [Fact]
    public Task A_subscriber_that_throws_is_told_no_more_and_harms_nobody() => InTime(async () =>
    {
        int others = 0;
        int calls = 0;
        using TreeSubscription broken = TaskTree.Subscribe(_ =>
        {
            Interlocked.Increment(ref calls);
            throw new OopsException("subscriber");
        });
        using TreeSubscription sound = TaskTree.Subscribe(_ => Interlocked.Increment(ref others));
        await TaskScope.RunAsync(async scope =>
        {
            await scope.Spawn(async _ => { });
            await scope.Spawn(static _ => Task.CompletedTask);
        });
        Assert.Equal("subscriber", broken.Error!.Message);
        Assert.Equal(1, calls);
        Assert.Equal(6, others);
        Assert.Null(sound.Error);
    });

    [Fact]
    public Task Beginnings_come_before_ends_and_ends_below_before_ends_above() => InTime(async () =>
    {
        // From many threads at once, with scopes by hand that their owners leave behind.
        var problems = new ConcurrentQueue<string>();
        var alive = new ConcurrentDictionary<string, int>();
        using (TaskTree.Subscribe(change =>
        {
            string path = change.Path;
            if (!path.StartsWith("top", StringComparison.Ordinal))
            {
                return;
            }

            if (change.Kind == TreeChangeKind.Started)
            {
                if (!alive.TryAdd(path, 0) || (path.Contains('/') && !alive.ContainsKey(path[..path.LastIndexOf('/')])))
                {
                    problems.Enqueue($"{path} began twice, or before its parent");
                }
            }
            else if (!alive.TryRemove(path, out _) || alive.Keys.Any(other => other.StartsWith(path + "/", StringComparison.Ordinal)))
            {
                problems.Enqueue($"{path} ended before it began, or before what is below it");
            }
        }))
        {
            await TaskScope.RunAsync(
                async scope =>
                {
                    for (int i = 0; i < 200; i++)
                    {
                        scope.Spawn(
                            async _ =>
                            {
                                TaskScope left = TaskScope.Open(name: "left");
                                left.Spawn(Forever, "below");
                                CancelScope.Open(name: "cancel");
                                await Fiber.Yield();
                                await TaskScope.RunAsync(async inner => inner.Spawn(async _ => await Fiber.Yield(), "leaf"), name: "run");
                            },
                            $"child {i}");
                    }
                },
                name: "top");
        }

        Assert.Empty(problems);
        Assert.Empty(alive);
    });

    [Fact]
    public Task Subscribers_that_come_and_go_while_children_do_are_not_in_the_way() => InTime(async () =>
    {
        TaskScope scope = TaskScope.Open();
        bool stop = false;
        ChildTask spawner = scope.Spawn(async _ =>
        {
            while (!Volatile.Read(ref stop))
            {
                await scope.Spawn(async _ => await Fiber.Yield());
            }
        });
        for (int i = 0; i < 1000; i++)
        {
            int calls = 0;
            using TreeSubscription each = TaskTree.Subscribe(_ => Interlocked.Increment(ref calls));
            await Until(() => Volatile.Read(ref calls) > 0);
        }

        Volatile.Write(ref stop, true);
        await spawner;
        await scope.JoinAsync();
    });

    [Fact]
    public Task A_scope_that_gives_up_is_told_as_abandoned_and_later_as_ended() => InTime(async () =>
    {
        var heard = new ConcurrentQueue<TreeChange>();
        TaskCompletionSource go = Signal();
        var clock = new ManualTimeProvider();
        using TreeSubscription subscription = TaskTree.Subscribe(heard.Enqueue);
        Task run = TaskScope.RunAsync(
            async scope =>
            {
                ChildTask deaf = scope.Spawn(_ => go.Task, "deaf");
                await Until(() => deaf.State == NodeState.Running);
                scope.Cancel();
                clock.Advance(TimeSpan.FromSeconds(1));
            },
            new ScopeOptions { Name = "top", Patience = TimeSpan.FromSeconds(1), TimeProvider = clock });
        await Assert.ThrowsAsync<AbandonedException>(() => run);
        TreeChange abandoned = Assert.Single(heard, static change => change.Kind == TreeChangeKind.Abandoned);
        Assert.Equal(("top", NodeState.Abandoned), (abandoned.Path, abandoned.State));
        Assert.IsType<AbandonedException>(abandoned.Error);
        Assert.DoesNotContain(heard, static change => change.Kind == TreeChangeKind.Ended);
        go.SetResult();
        await Until(() => heard.Any(static change => change is { Kind: TreeChangeKind.Ended, Name: "top" }));
        await Until(() => !All().Exists(static node => node.Name == "top"));
    });
}
