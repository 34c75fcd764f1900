using System.Runtime.CompilerServices;

namespace Treeline.Tests.Contract;

/// <summary>
/// Line 4 of the contract: the first failure cancels the siblings and surfaces from the scope; later ones ride along in
/// order. One is rethrown as itself with its stack, several as <see cref="ScopeException"/> with their paths. An error
/// that the body rethrew is not reported twice.
/// </summary>
public class NoErrorIsLostTests : TreeTest
{
    private static readonly ScopeOptions s_supervise = new() { Name = "scope", OnFailure = FailurePolicy.Supervise };

    [Fact]
    public Task The_first_failure_cancels_the_siblings_and_then_surfaces() => InTime(async events =>
    {
        TaskCompletionSource waiting = Signal();
        var oops = new OopsException("first");
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(
            async scope =>
            {
                scope.Spawn(async ct =>
                {
                    events.Expect(1);
                    waiting.SetResult();
                    try
                    {
                        await Forever(ct);
                    }
                    finally
                    {
                        Assert.Equal("'scope/failing' failed (OopsException: first)", scope.CancelReason);
                        events.Expect(3);
                    }
                });
                await waiting.Task;
                scope.Spawn(
                    _ =>
                    {
                        events.Expect(2);
                        throw oops;
                    },
                    "failing");
            },
            name: "scope"));
        events.Finish(4);
        Assert.Same(oops, thrown);
    });

    [Fact]
    public Task A_single_failure_keeps_the_stack_of_where_it_was_thrown() => InTime(async () =>
    {
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(async outer =>
            await outer.Spawn(async _ => await TaskScope.RunAsync(async inner => await inner.Spawn(ThrowDeepDown)))));
        Assert.Contains(nameof(ThrowDeepDown), thrown.StackTrace, StringComparison.Ordinal);
    });

    [Fact]
    public Task Several_failures_surface_in_the_order_in_which_they_happened_each_with_its_path() => InTime(async events =>
    {
        TaskCompletionSource waiting = Signal();
        ScopeException thrown = await Assert.ThrowsAsync<ScopeException>(() => TaskScope.RunAsync(
            async scope =>
            {
                scope.Spawn(
                    async ct =>
                    {
                        waiting.SetResult();
                        try
                        {
                            await Forever(ct);
                        }
                        catch (OperationCanceledException)
                        {
                            events.Expect(2);
                            throw new OopsException("cleanup");
                        }
                    },
                    "cleaning");
                await waiting.Task;
                scope.Spawn(
                    _ =>
                    {
                        events.Expect(1);
                        throw new OopsException("cause");
                    },
                    "failing");
            },
            name: "scope"));
        events.Finish(3);
        Assert.Equal("scope", thrown.ScopePath);
        Assert.Equal(
            [("scope/failing", "cause"), ("scope/cleaning", "cleanup")],
            thrown.Failures.Select(static failure => (failure.Path, failure.Exception.Message)));
        Assert.Equal(thrown.Failures.Select(static failure => failure.Exception), thrown.InnerExceptions);
    });

    [Fact]
    public Task A_failure_of_the_body_comes_with_those_of_its_childrens_cleanup() => InTime(async () =>
    {
        TaskCompletionSource waiting = Signal();
        ScopeException thrown = await Assert.ThrowsAsync<ScopeException>(() => TaskScope.RunAsync(
            async scope =>
            {
                scope.Spawn(
                    async ct =>
                    {
                        waiting.SetResult();
                        try
                        {
                            await Forever(ct);
                        }
                        catch (OperationCanceledException)
                        {
                            throw new OopsException("cleanup");
                        }
                    },
                    "child");
                await waiting.Task;
                throw new OopsException("body");
            },
            name: "scope"));
        Assert.Equal(
            [("scope", "body"), ("scope/child", "cleanup")],
            thrown.Failures.Select(static failure => (failure.Path, failure.Exception.Message)));
    });

    [Fact]
    public Task A_failure_that_the_body_rethrows_is_reported_once() => InTime(async () =>
    {
        var oops = new OopsException("once");
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(
            async scope => await scope.Spawn(_ => throw oops)));
        Assert.Same(oops, thrown);
    });

    [Fact]
    public Task A_failure_that_the_body_wraps_is_reported_in_its_wrapping_only() => InTime(async () =>
    {
        var oops = new OopsException("inner");
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(async scope =>
        {
            try
            {
                await scope.Spawn(_ => throw oops);
            }
            catch (OopsException e)
            {
                throw new OopsException("outer", new OopsException("middle", e));
            }
        }));
        Assert.Equal("outer", thrown.Message);
    });

    [Fact]
    public Task Failures_that_the_body_aggregates_are_reported_in_its_aggregate_only() => InTime(async () =>
    {
        AggregateException thrown = await Assert.ThrowsAsync<AggregateException>(() => TaskScope.RunAsync(
            async scope =>
            {
                Task all = Task.WhenAll(
                    scope.Spawn(_ => throw new OopsException("one")).AsTask(),
                    scope.Spawn(_ => throw new OopsException("two")).AsTask());
                await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw new AggregateException(new OopsException("own"), all.Exception!);
            },
            s_supervise));
        Assert.Equal(
            ["one", "own", "two"],
            thrown.Flatten().InnerExceptions.Select(static error => error.Message).Order(StringComparer.Ordinal));
    });

    [Fact]
    public Task What_the_body_throws_instead_joins_the_failure_it_swallowed() => InTime(async () =>
    {
        ScopeException thrown = await Assert.ThrowsAsync<ScopeException>(() => TaskScope.RunAsync(async scope =>
        {
            await Assert.ThrowsAsync<OopsException>(async () => await scope.Spawn(_ => throw new OopsException("swallowed")));
            throw new OopsException("instead");
        }));
        Assert.Equal(["swallowed", "instead"], thrown.InnerExceptions.Select(static error => error.Message));
    });

    [Fact]
    public Task A_failure_that_the_body_swallows_surfaces_from_a_fail_fast_scope_all_the_same() => InTime(async () =>
    {
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(async scope =>
        {
            await Assert.ThrowsAsync<OopsException>(async () => await scope.Spawn(_ => throw new OopsException("swallowed")));
            return 42;
        }));
        Assert.Equal("swallowed", thrown.Message);
    });

    [Fact]
    public Task A_failure_rethrown_by_a_sibling_that_awaited_it_is_reported_once() => InTime(async () =>
    {
        var oops = new OopsException("once");
        TaskCompletionSource go = Signal();
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(async scope =>
        {
            ChildTask failing = scope.Spawn(async _ =>
            {
                await go.Task;
                throw oops;
            });
            ChildTask awaiting = scope.Spawn(async _ => await failing);
            await Until(() => awaiting.State == NodeState.Running);
            go.SetResult();
        }));
        Assert.Same(oops, thrown);
    });

    [Fact]
    public Task Under_supervision_the_siblings_run_on_and_an_unobserved_failure_surfaces_at_the_end() =>
        InTime(async events =>
        {
            TaskCompletionSource go = Signal();
            OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(
                async scope =>
                {
                    ChildTask sibling = scope.Spawn(async _ =>
                    {
                        await go.Task;
                        events.Expect(2);
                    });
                    ChildTask failing = scope.Spawn(_ => throw new OopsException("unobserved"));
                    await Until(() => failing.IsCompleted);
                    Assert.False(scope.IsCancellationRequested);
                    events.Expect(1);
                    go.SetResult();
                    await sibling;
                },
                s_supervise));
            events.Finish(3);
            Assert.Equal("unobserved", thrown.Message);
        });

    [Theory]
    [InlineData("await")]
    [InlineData("AsTask")]
    [InlineData("OutcomeAsync")]
    public Task Under_supervision_a_failure_that_somebody_looked_at_does_not_surface(string how) =>
        InTime(() => TaskScope.RunAsync(
            async scope =>
            {
                ChildTask<int> failing = scope.Spawn<int>(_ => throw new OopsException("observed"));
                switch (how)
                {
                    case "await":
                        await Assert.ThrowsAsync<OopsException>(async () => await failing);
                        break;
                    case "AsTask":
                        await Assert.ThrowsAsync<OopsException>(failing.AsTask);
                        break;
                    default:
                        Assert.Equal(NodeState.Failed, (await failing.OutcomeAsync()).State);
                        break;
                }
            },
            s_supervise));

    [Fact]
    public Task Under_supervision_several_unobserved_failures_surface_in_order() => InTime(async () =>
    {
        ScopeException thrown = await Assert.ThrowsAsync<ScopeException>(() => TaskScope.RunAsync(
            async scope =>
            {
                foreach (string name in (IEnumerable<string>)["one", "two", "three"])
                {
                    ChildTask<int> child = scope.Spawn<int>(_ => throw new OopsException(name), name);
                    await Until(() => child.IsCompleted);
                    if (name == "two")
                    {
                        await child.OutcomeAsync();
                    }
                }
            },
            s_supervise));
        Assert.Equal(["scope/one", "scope/three"], thrown.Failures.Select(static failure => failure.Path));
    });

    [Fact]
    public Task Under_supervision_a_body_that_rethrows_is_reported_once_and_cancels_the_rest() => InTime(async () =>
    {
        var oops = new OopsException("rethrown");
        ChildTask sibling = default;
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(
            async scope =>
            {
                sibling = scope.Spawn(Forever);
                await scope.Spawn(_ => throw oops);
            },
            s_supervise));
        Assert.Same(oops, thrown);
        Assert.Equal(NodeState.Cancelled, sibling.State);
    });

    [Fact]
    public Task Under_supervision_the_failure_of_a_forgotten_scope_is_not_reported_again_to_whoever_awaited_the_child() =>
        InTime(() => TaskScope.RunAsync(
            async scope =>
            {
                TaskCompletionSource go = Signal();
                ChildTask child = scope.Spawn(ct =>
                {
                    _ = TaskScope.RunAsync(async inner =>
                    {
                        await go.Task;
                        throw new OopsException("forgotten");
                    });
                    return Task.CompletedTask;
                });
                await Until(() => child.State == NodeState.Joining);
                go.SetResult();
                await Assert.ThrowsAsync<OopsException>(async () => await child);
            },
            s_supervise));

    [Fact]
    public Task All_exceptions_of_a_task_that_a_child_hands_on_are_kept() => InTime(async () =>
    {
        AggregateException thrown = await Assert.ThrowsAsync<AggregateException>(() => TaskScope.RunAsync(async scope =>
            await scope.Spawn(_ => Task.WhenAll(
                Task.FromException(new OopsException("one")), Task.FromException(new OopsException("two"))))));
        Assert.Equal(["one", "two"], thrown.InnerExceptions.Select(static error => error.Message));
    });

    [Fact]
    public Task All_exceptions_of_a_task_that_a_body_hands_on_are_kept() => InTime(async () =>
    {
        ScopeException thrown = await Assert.ThrowsAsync<ScopeException>(() => TaskScope.RunAsync(
            _ => Task.WhenAll(
                Task.FromException(new OopsException("one")), Task.FromException(new OopsException("two")))));
        Assert.Equal(["one", "two"], thrown.InnerExceptions.Select(static error => error.Message));
    });

    [Fact]
    public Task Failures_of_children_that_a_body_hands_on_together_are_reported_once_with_their_paths() => InTime(async () =>
    {
        Func<Task> bothHere = Meeting(2);
        ScopeException thrown = await Assert.ThrowsAsync<ScopeException>(() => TaskScope.RunAsync(
            scope => Task.WhenAll(
                scope.Spawn(_ => Fail("one"), "one").AsTask(), scope.Spawn(_ => Fail("two"), "two").AsTask()),
            name: "scope"));
        Assert.Equal(
            ["scope/one", "scope/two"],
            thrown.Failures.Select(static failure => failure.Path).Order(StringComparer.Ordinal));

        async Task Fail(string message)
        {
            await bothHere();
            throw new OopsException(message);
        }
    });

    [Fact]
    public Task A_delegate_that_throws_before_its_first_await_fails_its_child_not_its_spawner() => InTime(async () =>
    {
        bool wentOn = false;
        await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(scope =>
        {
            scope.Spawn(_ => throw new OopsException("sync"));
            wentOn = true;
            return Task.CompletedTask;
        }));
        Assert.True(wentOn);
    });

    [Fact]
    public Task A_body_that_throws_before_its_first_await_fails_the_task_not_the_call() => InTime(async () =>
    {
        Task run = TaskScope.RunAsync(_ => throw new OopsException("sync"));
        await Assert.ThrowsAsync<OopsException>(() => run);
    });

    [Fact]
    public Task A_delegate_that_returns_null_fails_and_says_so() => InTime(async () =>
    {
        InvalidOperationException child = await Assert.ThrowsAsync<InvalidOperationException>(() => TaskScope.RunAsync(
            async scope => await scope.Spawn(static _ => (Task)null!, "child"), name: "scope"));
        Assert.Equal("The delegate of 'scope/child' returned null instead of a task.", child.Message);
        InvalidOperationException body = await Assert.ThrowsAsync<InvalidOperationException>(
            () => TaskScope.RunAsync(static _ => (Task)null!, name: "scope"));
        Assert.Equal("The body of 'scope' returned null instead of a task.", body.Message);
        InvalidOperationException withResult = await Assert.ThrowsAsync<InvalidOperationException>(
            () => TaskScope.RunAsync(static _ => (Task<int>)null!, name: "scope"));
        Assert.Equal(body.Message, withResult.Message);
    });

    [Fact]
    public Task What_surfaces_from_a_nested_scope_carries_the_path_of_the_child_that_ran_it() => InTime(async () =>
    {
        Func<Task> bothHere = Meeting(2);
        ScopeException thrown = await Assert.ThrowsAsync<ScopeException>(() => TaskScope.RunAsync(
            scope =>
            {
                scope.Spawn(_ => TaskScope.RunAsync(inner => Fail(inner), name: "inner"), "left");
                scope.Spawn(_ => TaskScope.RunAsync(inner => Fail(inner), name: "inner"), "right");
                return Task.CompletedTask;
            },
            name: "scope"));
        Assert.Equal(
            ["scope/left", "scope/right"],
            thrown.Failures.Select(static failure => failure.Path).Order(StringComparer.Ordinal));

        async Task Fail(TaskScope inner)
        {
            await bothHere();
            throw new OopsException(inner.Path);
        }
    });

    [Fact]
    public Task A_failure_surfaces_from_a_disposal_if_nobody_joined() => InTime(async () =>
    {
        TaskScope scope = TaskScope.Open();
        ChildTask failing = scope.Spawn(_ => throw new OopsException("unjoined"));
        await Until(() => failing.IsCompleted);
        Assert.Equal(
            "unjoined", (await Assert.ThrowsAsync<OopsException>(async () => await scope.DisposeAsync())).Message);
        await scope.DisposeAsync();
    });

    [Fact]
    public Task A_failure_surfaces_from_every_join_and_not_again_from_the_disposal() => InTime(async () =>
    {
        TaskScope scope = TaskScope.Open();
        scope.Spawn(_ => throw new OopsException("joined"));
        await Assert.ThrowsAsync<OopsException>(scope.JoinAsync);
        await Assert.ThrowsAsync<OopsException>(scope.JoinAsync);
        await scope.DisposeAsync();
    });

    [Fact]
    public Task A_failure_of_a_scope_that_was_never_disposed_surfaces_from_its_owner() => InTime(async () =>
    {
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(async _ =>
        {
            TaskScope forgotten = TaskScope.Open();
            ChildTask failing = forgotten.Spawn(_ => throw new OopsException("forgotten"));
            await Until(() => failing.IsCompleted);
        }));
        Assert.Equal("forgotten", thrown.Message);
    });

    [Fact]
    public Task An_error_that_surfaced_is_never_reported_as_unobserved_too_and_a_dropped_one_is() => InTime(async () =>
    {
        var unobserved = new List<string>();
        EventHandler<UnobservedTaskExceptionEventArgs> listener = (_, args) =>
        {
            lock (unobserved)
            {
                unobserved.AddRange(args.Exception.Flatten().InnerExceptions.OfType<OopsException>().Select(e => e.Message));
            }
        };
        TaskScheduler.UnobservedTaskException += listener;
        try
        {
            await Surface();
            for (int more = 3; more > 0; more -= BothSeen() ? 1 : 0)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                await Task.Yield(); // off the stack on which the tasks ended
            }
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= listener;
        }

        Assert.Equal(["dropped join", "dropped task"], unobserved.Order(StringComparer.Ordinal));

        bool BothSeen()
        {
            lock (unobserved)
            {
                return unobserved.Count >= 2;
            }
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        static Task Surface() => Task.Run(async () =>
        {
            await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(static scope =>
            {
                scope.Spawn(static _ => throw new OopsException("never awaited"));
                return Task.CompletedTask;
            }));
            await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(static async scope =>
            {
                ChildTask child = scope.Spawn(static _ => throw new OopsException("as a task that was dropped"));
                _ = child.AsTask();
                await Until(() => child.IsCompleted);
                _ = child.AsTask();
            }));
            await TaskScope.RunAsync(
                static async scope =>
                {
                    ChildTask<int> child = scope.Spawn<int>(static _ => throw new OopsException("outcome"));
                    await child.OutcomeAsync();
                    ChildTask awaited = scope.Spawn(static _ => throw new OopsException("awaited"));
                    await Assert.ThrowsAsync<OopsException>(async () => await awaited);
                },
                s_supervise);
            await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(static scope =>
            {
                _ = TaskScope.RunAsync(static async inner =>
                {
                    await Until(() => Find("owner").State == NodeState.Joining);
                    throw new OopsException("forgotten scope");
                });
                return Task.CompletedTask;
            }, name: "owner"));
            await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(static async scope =>
            {
                TaskScope open = TaskScope.Open();
                ChildTask child = open.Spawn(static async ct =>
                {
                    await Until(() => ct.IsCancellationRequested);
                    throw new OopsException("dropped join of a scope that ended with its owner");
                });
                await Until(() => child.State == NodeState.Running);
                _ = open.JoinAsync();
            }));
            TaskScope joined = TaskScope.Open();
            joined.Spawn(static _ => throw new OopsException("dropped join"));
            _ = joined.JoinAsync();
            await joined.DisposeAsync();
            _ = Task.FromException(new OopsException("dropped task"));
        });
    });

    /// <summary>What is awaited goes on once so many have called.</summary>
    private static Func<Task> Meeting(int many)
    {
        TaskCompletionSource all = Signal();
        return () =>
        {
            if (Interlocked.Decrement(ref many) == 0)
            {
                all.SetResult();
            }

            return all.Task;
        };
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Task ThrowDeepDown(CancellationToken cancellationToken) => throw new OopsException("deep");
}
