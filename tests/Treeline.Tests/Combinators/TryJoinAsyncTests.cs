#pragma warning disable CS1998 // work that is done at once is part of what is tested

namespace Treeline.Tests.Combinators;

public sealed class TryJoinAsyncTests : TreeTest
{
    [Fact]
    public Task All_results_in_their_places_whatever_ends_first() => InTime(async () =>
    {
        TaskCompletionSource second = Signal();
        (int one, string two) = await Concurrently.TryJoinAsync(
            async ct =>
            {
                await second.Task;
                return 1;
            },
            async ct =>
            {
                await Task.Yield();
                second.SetResult();
                return "two";
            });
        Assert.Equal((1, "two"), (one, two));
    });

    [Fact]
    public Task The_first_failure_cancels_the_others_and_surfaces_when_they_have_ended() => InTime(async events =>
    {
        TaskCompletionSource running = Signal();
        Task join = Concurrently.TryJoinAsync<int>(
        [
            async ct =>
            {
                running.SetResult();
                try
                {
                    await Forever(ct);
                }
                finally
                {
                    await Task.Yield();
                    events.Expect(2);
                }

                return 1;
            },
            async ct =>
            {
                await running.Task;
                events.Expect(1);
                throw new OopsException("first");
            },
        ]);
        Assert.Equal("first", (await Assert.ThrowsAsync<OopsException>(() => join)).Message);
        events.Finish(3);
    });

    [Fact]
    public Task A_failure_of_cleanup_rides_along_with_its_place_in_the_tree() => InTime(async () =>
    {
        TaskCompletionSource running = Signal();
        ScopeException thrown = await Assert.ThrowsAsync<ScopeException>(() => Concurrently.TryJoinAsync(
            async ct =>
            {
                running.SetResult();
                try
                {
                    await Forever(ct);
                }
                catch (OperationCanceledException)
                {
                    throw new OopsException("cleanup");
                }

                return 1;
            },
            async ct =>
            {
                await running.Task;
                throw new OopsException("first");
#pragma warning disable CS0162
                return 2;
#pragma warning restore CS0162
            }));
        Assert.Equal(["first", "cleanup"], thrown.Failures.Select(static failure => failure.Exception.Message));
        Assert.Equal(["TryJoinAsync/#2", "TryJoinAsync/#1"], thrown.Failures.Select(static failure => failure.Path));
    });

    [Fact]
    public Task Cancelled_from_outside_all_end_and_the_token_is_told() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        TaskCompletionSource running = Signal();
        int ended = 0;
        Task join = Concurrently.TryJoinAsync(
            [
                async ct =>
                {
                    running.SetResult();
                    try
                    {
                        await Forever(ct);
                    }
                    finally
                    {
                        ended++;
                    }
                },
            ],
            outer.Token);
        await running.Task;
        await outer.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => join);
        Assert.Equal(outer.Token, thrown.CancellationToken);
        Assert.Equal(1, ended);
    });

    [Fact]
    public Task Cancelled_before_it_runs_nothing() => InTime(async () =>
    {
        Task join = Concurrently.TryJoinAsync(
            [async ct => { Assert.Fail("It ran."); await Task.Yield(); }], new CancellationToken(canceled: true));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => join);
    });

    [Fact]
    public Task It_is_a_node_below_the_caller_spawned_where_it_was_called() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            TaskCompletionSource go = Signal();
            Task join = Concurrently.TryJoinAsync([ct => go.Task, ct => go.Task]);
            NodeSnapshot node = Assert.Single(Find("outer").Children, static node => node.Name == "TryJoinAsync");
            Assert.StartsWith("TryJoinAsyncTests.cs:", node.SpawnSite, StringComparison.Ordinal);
            Assert.Equal(["#1", "#2"], node.Children.Select(static child => child.Name));
            go.SetResult();
            await join;
        },
        name: "outer"));

    [Fact]
    public Task It_is_cancelled_with_the_node_it_was_called_in() => InTime(async () =>
    {
        TaskCompletionSource running = Signal();
        await TaskScope.RunAsync(async scope =>
        {
            ChildTask child = scope.Spawn(async _ => await Concurrently.TryJoinAsync([async ct =>
            {
                running.SetResult();
                await Forever(ct);
            }]));
            await running.Task;
            scope.Cancel();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await child);
        });
    });

    [Fact]
    public Task The_caller_goes_on_where_its_context_is_and_the_work_does_not_need_it() => InTime(async () =>
    {
        using var ui = new UserInterface();
        await ui.InvokeAsync(async () =>
        {
            Task<int[]> join = Concurrently.TryJoinAsync([async ct =>
            {
                await Task.Yield();
                return 1;
            }]);
            ((IAsyncResult)join).AsyncWaitHandle.WaitOne(); // blocks the context's thread: the work must not need it
            Assert.Equal(1, Assert.Single(await join));
            Assert.True(ui.IsCurrent);
            Assert.Equal(2, Assert.Single(await Concurrently.TryJoinAsync([async ct => 2])));
            Assert.True(ui.IsCurrent);
        });
    });

    [Fact]
    public Task A_tuple_fails_as_a_list_does() => InTime(async () =>
    {
        TaskCompletionSource running = Signal();
        Task join = Concurrently.TryJoinAsync<int, int, int>(
            async ct =>
            {
                running.SetResult();
                await Forever(ct);
                return 1;
            },
            async ct => 2,
            async ct =>
            {
                await running.Task;
                throw new OopsException("third");
            });
        Assert.Equal("third", (await Assert.ThrowsAsync<OopsException>(() => join)).Message);
    });
}
