namespace Treeline.Tests.Execution.Fibers;

/// <summary>
/// The object of a child that succeeded serves others. A handle to the first life goes on meaning the first life: it says
/// that the child succeeded, and neither sees nor disturbs the others.
/// </summary>
public sealed class ReusedChildTests : TreeTest
{
    [Fact]
    public Task A_handle_kept_while_its_object_served_a_thousand_others_still_says_that_the_child_succeeded() => InTime(() =>
        OnAWorker(async _ =>
        {
            ChildTask handle = await SpawnAndReuse(lives: 1_000);
            Assert.Equal(NodeState.Succeeded, handle.State);
            Assert.True(handle.IsCompleted);
            await handle;
            await AwaitPlainly(handle);
            Assert.True(handle.AsTask().IsCompletedSuccessfully);
            Assert.Equal("a child that has succeeded", handle.Path);
            Assert.Equal("a child that has succeeded", handle.Name);
            Assert.Equal("a child that has succeeded", handle.ToString());
            Assert.Equal(0, handle.Id);
        }));

    [Fact]
    public Task A_stale_handle_neither_sees_nor_disturbs_the_new_life_of_its_object() => InTime(() => OnAWorker(async scope =>
    {
        TaskCompletionSource go = Signal();
        List<ChildTask> stale = await SpawnMany(scope, 300);

        // New lives: they wait, fail, and are cancelled, in the objects of those.
        await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(
            async inner =>
            {
                await Fiber.Yield();
                ChildTask[] young = [.. Enumerable.Range(0, 300).Select(number => inner.Spawn(async ct =>
                {
                    await go.Task;
                    if (number == 7)
                    {
                        throw new OopsException("young");
                    }

                    await Forever(ct);
                }))];
                await Until(() => young.All(static child => child.State == NodeState.Running));
                await CheckAsync(stale);
                Assert.All(young, static child => Assert.False(child.IsCompleted));
                go.SetResult();
                await Until(() => young.All(static child => child.IsCompleted));
                await CheckAsync(stale);
                Assert.Equal(NodeState.Failed, young[7].State);
                Assert.All(young.Where((_, number) => number != 7), static child => Assert.Equal(NodeState.Cancelled, child.State));
            }));
        await CheckAsync(stale);

        static async Fiber CheckAsync(List<ChildTask> stale)
        {
            foreach (ChildTask handle in stale)
            {
                Assert.Equal(NodeState.Succeeded, handle.State);
                Assert.True(handle.IsCompleted);
                await handle;
                await handle.AsTask();
                Assert.True(handle.Path is "a child that has succeeded" || handle.Path.Contains("ReusedChildTests", StringComparison.Ordinal));
            }
        }
    }));

    [Fact]
    public Task Looking_at_a_stale_handle_does_not_count_as_looking_at_the_new_life() => InTime(() => OnAWorker(async scope =>
    {
        List<ChildTask> stale = await SpawnMany(scope, 300);
        Exception? surfaced = await CaughtAsync(TaskScope.RunAsync(
            async inner =>
            {
                await Fiber.Yield();
                ChildTask[] failing = [.. Enumerable.Range(0, 300).Select(number => inner.Spawn(async Fiber (_) =>
                {
                    await Task.Yield();
                    throw new OopsException($"{number}");
                }))];
                await Until(() => failing.All(static child => child.IsCompleted));
                foreach (ChildTask handle in stale)
                {
                    await handle;
                    _ = handle.AsTask();
                    _ = handle.Id;
                }
            },
            new ScopeOptions { OnFailure = FailurePolicy.Supervise }));
        Assert.Equal(300, Assert.IsType<ScopeException>(surfaced).Failures.Count);
    }));

    [Fact]
    public Task A_child_that_failed_was_cancelled_has_a_result_or_a_name_never_changes() => InTime(() => OnAWorker(async outer =>
    {
        TaskScope ended = null!;
        List<ChildTask<int>> results = [];
        ChildTask failed = default;
        ChildTask cancelled = default;
        ChildTask named = default;
        await TaskScope.RunAsync(
            async scope =>
            {
                ended = scope;
                for (int i = 0; i < 200; i++)
                {
                    int number = i;
                    results.Add(scope.Spawn(async _ =>
                    {
                        await Fiber.Yield();
                        return number;
                    }));
                }

                named = scope.Spawn(async _ => await Fiber.Yield(), "named");
                await named;
                failed = scope.Spawn(async _ => await FiberTests.Fail(suspends: true));
                await Assert.ThrowsAsync<OopsException>(async () => await failed);
                cancelled = scope.Spawn(async ct => await Forever(ct));
                foreach (ChildTask<int> result in results)
                {
                    await result;
                }

                scope.Cancel();
            },
            new ScopeOptions { Name = "ended", OnFailure = FailurePolicy.Supervise });
        long id = named.Id;
        for (int round = 0; round < 5; round++)
        {
            await SpawnMany(outer, 500);
            await Fives(outer);
            Assert.Equal(NodeState.Failed, failed.State);
            await Assert.ThrowsAsync<OopsException>(async () => await failed);
            Assert.Equal(NodeState.Cancelled, cancelled.State);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await cancelled);
            Assert.EndsWith("ended/named", named.Path, StringComparison.Ordinal);
            Assert.Equal(id, named.Id);
            await named;
            for (int i = 0; i < results.Count; i++)
            {
                Assert.Equal(i, await results[i]);
                Assert.Equal(i, await results[i].AsTask());
                Assert.Equal(i, (await results[i].OutcomeAsync()).Value);
            }
        }

        static async Fiber Fives(TaskScope scope)
        {
            for (int i = 0; i < 300; i++)
            {
                Assert.Equal(5, await scope.Spawn(static async _ =>
                {
                    await Fiber.Yield();
                    return 5;
                }));
            }
        }
    }));

    [Fact]
    public Task A_child_whose_number_or_task_somebody_asked_for_while_it_lived_keeps_its_object() => InTime(() => OnAWorker(async scope =>
    {
        TaskCompletionSource go = Signal();
        ChildTask[] children = [.. Enumerable.Range(0, 100).Select(_ => scope.Spawn(async _ => await go.Task))];
        long[] ids = [.. children.Select(static child => child.Id)];
        go.SetResult();
        await SpawnMany(scope, 2_000);
        Assert.Equal(ids, children.Select(static child => child.Id));
        Assert.All(children, static child => Assert.Contains("ReusedChildTests", child.Path, StringComparison.Ordinal));
    }));

    [Fact]
    public Task A_scope_remembered_below_a_child_whose_object_serves_another_is_not_below_that() => InTime(() => OnAWorker(async outer =>
    {
        // Code that has outlived its fiber child, and in whose context that child is still published.
        TaskCompletionSource later = Signal();
        var late = new List<Task>();
        await TaskScope.RunAsync(async scope =>
        {
            for (int i = 0; i < 200; i++)
            {
                scope.Spawn(async _ =>
                {
                    await Task.Yield();
                    late.Add(LateAsync());
                });
            }

            await Fiber.Yield();
        });
        TaskCompletionSource go = Signal();
        await Fiber.Yield();
        ChildTask[] young = [.. Enumerable.Range(0, 400).Select(_ => outer.Spawn(async _ =>
        {
            await Task.Yield();
            await go.Task;
        }))];
        await Until(() => young.All(static child => child.State == NodeState.Running));
        later.SetResult();
        foreach (Task task in late)
        {
            InvalidOperationException error = await Assert.ThrowsAsync<InvalidOperationException>(() => task);
            Assert.Contains("which has ended", error.Message, StringComparison.Ordinal);
        }

        go.SetResult();

        async Task LateAsync()
        {
            await later.Task;
            await TaskScope.RunAsync(static async _ => await Fiber.Yield(), name: "late");
        }
    }));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public Task Stale_handles_awaited_while_their_objects_are_used_again_never_see_others(int seed) => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            // Several fibers spawn and look at each other's handles, old and new.
            var all = new ChildTask?[4, 256];
            ChildTask[] players = [.. Enumerable.Range(0, 4).Select(player => scope.Spawn(_ => PlayAsync(player)))];
            foreach (ChildTask player in players)
            {
                await player;
            }

            async Fiber PlayAsync(int player)
            {
                var random = new Random((seed * 100) + player);
                for (int round = 0; round < 40; round++)
                {
                    await TaskScope.RunAsync(
                        async inner =>
                        {
                            await Fiber.Yield();
                            for (int i = 0; i < 100; i++)
                            {
                                int yields = random.Next(3);
                                all[player, random.Next(256)] = inner.Spawn(async _ =>
                                {
                                    for (int j = 0; j < yields; j++)
                                    {
                                        await Fiber.Yield();
                                    }
                                });
                                if (random.Next(10) == 0)
                                {
                                    // Failures and cancellations whose handles are known to nobody else.
                                    string message = $"{player} {round} {i}";
                                    ChildTask failing = inner.Spawn(async _ =>
                                    {
                                        await Fiber.Yield();
                                        throw new OopsException(message);
                                    });
                                    OopsException thrown = await Assert.ThrowsAsync<OopsException>(async Task () => await failing);
                                    Assert.Equal(message, thrown.Message);
                                }

                                if (all[random.Next(4), random.Next(256)] is { } handle)
                                {
                                    switch (random.Next(5))
                                    {
                                        case 0:
                                            await handle;
                                            break;
                                        case 1:
                                            await handle.AsTask();
                                            break;
                                        case 2:
                                            Assert.Contains(
                                                handle.State,
                                                (NodeState[])[NodeState.Pending, NodeState.Running, NodeState.Joining, NodeState.Succeeded]);
                                            break;
                                        case 3:
                                            Assert.NotEmpty(handle.Path);
                                            Assert.NotEmpty(handle.ToString());
                                            break;
                                        default:
                                            await handle;
                                            Assert.True(handle.IsCompleted);
                                            Assert.Equal(NodeState.Succeeded, handle.State);
                                            break;
                                    }
                                }
                            }
                        },
                        new ScopeOptions { OnFailure = FailurePolicy.Supervise });
                }
            }
        }));

    /// <summary>Runs it as a child, so that objects come from the pools of a worker and go back there.</summary>
    private static Task OnAWorker(Func<TaskScope, Fiber> test) => TaskScope.RunAsync(
        async scope => await scope.Spawn(async _ => await TaskScope.RunAsync(test, name: "scope")));

    private static async Fiber<List<ChildTask>> SpawnMany(TaskScope scope, int count)
    {
        // In a scope of its own: when that closes, the objects of those that have succeeded are free.
        var handles = new List<ChildTask>();
        await Fiber.Yield();
        await TaskScope.RunAsync(async inner =>
        {
            for (int i = 0; i < count; i++)
            {
                handles.Add(inner.Spawn(static async _ => await Fiber.Yield()));
            }

            await Fiber.Yield();
        });
        return handles;
    }

    /// <summary>The handle to the first life of some object that has lived so often.</summary>
    private static async Fiber<ChildTask> SpawnAndReuse(int lives)
    {
        var first = new Dictionary<ChildNode, (ChildTask Handle, int Lives)>();
        while (true)
        {
            ChildNode? node = null;
            ChildTask child = default;
            await Fiber.Yield();
            await TaskScope.RunAsync(async inner =>
            {
                child = inner.Spawn(_ => LiveAsync());
                await child;
            });
            (ChildTask Handle, int Lives) known = first.GetValueOrDefault(node!, (child, 0));
            first[node!] = (known.Handle, known.Lives + 1);
            if (known.Lives > lives)
            {
                return known.Handle;
            }

            async Fiber LiveAsync()
            {
                node = (ChildNode)WorkerThread.Current.Node!;
                await Fiber.Yield();
            }
        }
    }

    private static async Task AwaitPlainly(ChildTask handle) => await handle;

    private static async Task<Exception?> CaughtAsync(Task task)
    {
        try
        {
            await task;
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }
}
