namespace Treeline.Tests.Contract;

/// <summary>
/// Line 9 of the contract: soft (finish what you hold, take nothing new), hard after the grace period, abandon after the
/// patience period. An abandoned task is named, with where it was spawned and what it waits on.
/// </summary>
public class StoppingHasThreeStepsTests : TreeTest
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public Task The_first_step_reaches_the_subtree_and_cancels_nothing() => InTime(async () =>
    {
        await using CancelScope top = CancelScope.Open();
        CancelScope left = top.Child();
        CancelScope right = top.Child();
        CancelScope below = left.Child();
        left.Stop(reason: "going home");
        left.Stop(reason: "again");
        CancelScope late = below.Child();

        Assert.All([left, below, late], static scope =>
        {
            Assert.True(scope.IsStopping);
            Assert.True(scope.StoppingToken.IsCancellationRequested);
            Assert.Equal("going home", scope.StopReason);
            Assert.False(scope.IsCancellationRequested);
            Assert.False(scope.Token.IsCancellationRequested);
            Assert.Null(scope.CancelReason);
        });
        Assert.All([top, right], static scope =>
        {
            Assert.False(scope.IsStopping);
            Assert.False(scope.StoppingToken.IsCancellationRequested);
            Assert.Null(scope.StopReason);
        });
    });

    [Fact]
    public Task The_first_step_reaches_scopes_opened_in_children_through_no_token() => InTime(async () =>
    {
        TaskCompletionSource open = Signal();
        await TaskScope.RunAsync(async outer =>
        {
            ChildTask child = outer.Spawn(_ => TaskScope.RunAsync(async inner =>
            {
                using CancellationTokenRegistration stopping = inner.StoppingToken.Register(() => inner.Cancel("asked to stop"));
                open.SetResult();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Forever(inner.Token));
            }));
            await open.Task;
            outer.Stop();
            await child;
            Assert.False(outer.IsCancellationRequested);
        });
    });

    [Fact]
    public Task Work_that_finishes_within_the_grace_is_never_cancelled() => InTime(async () =>
    {
        await TaskScope.RunAsync(
            async scope =>
            {
                ChildTask<int> worker = scope.Spawn(async ct =>
                {
                    await Until(() => scope.StoppingToken.IsCancellationRequested);
                    _clock.Advance(s_second / 2);
                    ct.ThrowIfCancellationRequested();
                    return 5;
                });
                scope.Stop();
                Assert.Equal(5, await worker);
                Assert.False(scope.IsCancellationRequested);
            },
            new ScopeOptions { Grace = s_second, TimeProvider = _clock });
        Assert.Equal(0, _clock.Pending);
    });

    [Fact]
    public Task When_the_grace_is_over_the_scope_is_cancelled() => InTime(async () =>
    {
        Task run = TaskScope.RunAsync(
            async scope =>
            {
                ChildTask stubborn = scope.Spawn(Forever);
                scope.Stop();
                _clock.Advance(s_second - TimeSpan.FromMilliseconds(1));
                Assert.False(scope.IsCancellationRequested);
                _clock.Advance(TimeSpan.FromMilliseconds(1));
                Assert.Equal("'scope' was asked to stop, and had not ended after 00:00:01", scope.CancelReason);
                await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await stubborn);
            },
            new ScopeOptions { Name = "scope", Grace = s_second, TimeProvider = _clock });
        await run;
    });

    [Fact]
    public Task Of_several_stops_the_shortest_grace_counts() => InTime(async () =>
    {
        await using CancelScope top = Treeline.TaskScope.Open(new ScopeOptions { TimeProvider = _clock });
        CancelScope scope = top.Child();
        scope.Stop(10 * s_second);
        scope.Stop(2 * s_second);
        scope.Stop(5 * s_second);
        scope.Stop();
        _clock.Advance(2 * s_second);
        Assert.True(scope.IsCancellationRequested);
        Assert.Throws<ArgumentOutOfRangeException>(() => scope.Stop(TimeSpan.FromTicks(-1)));
    });

    [Fact]
    public Task Cancelling_takes_the_first_step_as_well() => InTime(async () =>
    {
        await using CancelScope scope = CancelScope.Open();
        CancellationToken stopping = scope.StoppingToken;
        CancelScope below = scope.Child();
        scope.Cancel("now");
        Assert.True(stopping.IsCancellationRequested);
        Assert.True(below.StoppingToken.IsCancellationRequested);
        Assert.Equal("now", below.StopReason);
    });

    [Fact]
    public Task What_callbacks_throw_reaches_whoever_stops() => InTime(async () =>
    {
        await using CancelScope scope = CancelScope.Open(name: "scope");
        CancelScope below = scope.Child();
        using CancellationTokenRegistration bad = scope.StoppingToken.Register(static () => throw new OopsException("callback"));
        bool reached = false;
        using CancellationTokenRegistration good = below.StoppingToken.Register(() => reached = true);
        AggregateException thrown = Assert.Throws<AggregateException>(() => scope.Stop());
        Assert.Contains("'scope'", thrown.Message, StringComparison.Ordinal);
        Assert.IsType<OopsException>(Assert.Single(thrown.InnerExceptions));
        Assert.True(reached);
    });

    [Fact]
    public Task After_the_patience_the_scope_gives_up_and_names_what_it_leaves() => InTime(async () =>
    {
        TaskCompletionSource release = Signal();
        TaskCompletionSource running = Signal();
        TaskScope scope = null!;
        Task run = TaskScope.RunAsync(
            async own =>
            {
                scope = own;
                own.Spawn(
                    async _ =>
                    {
                        running.SetResult();
                        await release.Task;
                    },
                    "deaf");
                await running.Task;
                own.Cancel("enough");
            },
            new ScopeOptions { Name = "scope", Patience = s_second, TimeProvider = _clock });
        await Until(() => scope is { IsCancellationRequested: true } && _clock.Pending == 1 && Joins("scope"));
        _clock.Advance(s_second - TimeSpan.FromMilliseconds(1));
        Assert.False(run.IsCompleted);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        AbandonedException thrown = await Assert.ThrowsAsync<AbandonedException>(() => run);
        Assert.Equal("scope", thrown.ScopePath);
        Assert.Contains("enough", thrown.Message, StringComparison.Ordinal);
        AbandonedNode left = Assert.Single(thrown.Nodes);
        Assert.Equal("scope/deaf", left.Path);
        Assert.StartsWith($"{nameof(StoppingHasThreeStepsTests)}.cs:", left.SpawnSite, StringComparison.Ordinal);
        Assert.Contains("'scope/deaf', spawned at StoppingHasThreeStepsTests.cs:", thrown.Message, StringComparison.Ordinal);

        // It is not hidden: it stays in the tree until it ends.
        Assert.Equal(NodeState.Abandoned, scope.State);
        Assert.Equal(NodeState.Cancelling, Find("deaf").State);
        Assert.Throws<InvalidOperationException>(() => { scope.Spawn(Forever); });
        release.SetResult();
        await Until(() => scope.State != NodeState.Abandoned);
        Assert.Equal(NodeState.Failed, scope.State);
    });

    [Fact]
    public Task The_parent_of_a_scope_that_gave_up_can_end_and_what_is_left_moves_to_the_top() => InTime(async () =>
    {
        TaskCompletionSource release = Signal();
        TaskScope inner = null!;
        AbandonedException thrown = await Assert.ThrowsAsync<AbandonedException>(() => TaskScope.RunAsync(
            async outer => await outer.Spawn(_ => TaskScope.RunAsync(
                async scope =>
                {
                    inner = scope;
                    scope.Spawn(_ => release.Task, "deaf");
                    await Until(static () => Is("deaf", NodeState.Running));
                    scope.Cancel();
                    _clock.Advance(s_second);
                },
                new ScopeOptions { Name = "inner", Patience = s_second, TimeProvider = _clock })),
            name: "outer"));
        Assert.EndsWith("/inner", thrown.ScopePath, StringComparison.Ordinal);
        Assert.StartsWith("outer/", thrown.ScopePath, StringComparison.Ordinal);
        Assert.DoesNotContain(All(), static node => node.Name == "outer");
        Assert.Contains(TaskTree.Snapshot().Roots, static node => node.Name == "inner" && node.State == NodeState.Abandoned);
        Assert.Equal("inner", inner.Path);
        release.SetResult();
        await Until(static () => All().All(static node => node.Name != "inner"));
    });

    [Fact]
    public Task A_scope_opened_by_hand_gives_up_from_its_join() => InTime(async () =>
    {
        TaskCompletionSource release = Signal();
        await TaskScope.RunAsync(async _ =>
        {
            var scope = Treeline.TaskScope.Open(new ScopeOptions { Name = "by hand", Patience = s_second, TimeProvider = _clock });
            ChildTask deaf = scope.Spawn(_ => release.Task);
            await Until(() => deaf.State == NodeState.Running);
            Task join = scope.JoinAsync();
            scope.Cancel();
            Assert.False(join.IsCompleted);
            _clock.Advance(s_second);
            await Assert.ThrowsAsync<AbandonedException>(() => join);
            await scope.DisposeAsync();
        });
        release.SetResult();
        await Until(static () => All().All(static node => node.Name != "by hand"));
    });

    [Fact]
    public Task A_body_that_does_not_listen_is_given_up_too() => InTime(async () =>
    {
        TaskCompletionSource release = Signal();
        TaskCompletionSource running = Signal();
        using var outer = new CancellationTokenSource();
        Task run = TaskScope.RunAsync(
            async _ =>
            {
                running.SetResult();
                await release.Task;
            },
            new ScopeOptions { Name = "deaf body", Patience = s_second, TimeProvider = _clock },
            outer.Token);
        await running.Task;
        await outer.CancelAsync();
        _clock.Advance(s_second);
        AbandonedException thrown = await Assert.ThrowsAsync<AbandonedException>(() => run);
        Assert.Equal("deaf body", Assert.Single(thrown.Nodes).Path);
        release.SetResult();
        await Until(static () => All().All(static node => node.Name != "deaf body"));
    });

    [Fact]
    public Task What_failed_before_and_the_timeout_that_fired_surface_with_what_was_left() => InTime(async () =>
    {
        TaskCompletionSource release = Signal();
        Task run = TaskScope.RunAsync(
            async scope =>
            {
                ChildTask deaf = scope.Spawn(_ => release.Task, "deaf");
                ChildTask failing = scope.Spawn(
                    static async ct =>
                    {
                        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Forever(ct));
                        throw new OopsException("cleanup");
                    },
                    "failing");
                await Until(() => deaf.State == NodeState.Running && failing.State == NodeState.Running);
                _clock.Advance(s_second);
                await Until(() => failing.IsCompleted);
            },
            new ScopeOptions { Name = "scope", Timeout = s_second, Patience = s_second, TimeProvider = _clock });
        await Until(static () => Is("scope", NodeState.Cancelling) && All().All(static node => node.Name != "failing"));
        _clock.Advance(s_second);
        ScopeException thrown = await Assert.ThrowsAsync<ScopeException>(() => run);
        Assert.Equal(
            [typeof(TimeoutException), typeof(OopsException), typeof(AbandonedException)],
            thrown.InnerExceptions.Select(static error => error.GetType()));
        release.SetResult();
        await Until(static () => All().All(static node => node.Name != "scope"));
    });

    [Fact]
    public Task A_scope_that_ends_within_its_patience_ends_as_any_other() => InTime(async () =>
    {
        await TaskScope.RunAsync(
            async scope =>
            {
                scope.Spawn(Forever);
                await Task.Yield();
                scope.Cancel();
            },
            new ScopeOptions { Patience = s_second, TimeProvider = _clock });
        Assert.Equal(0, _clock.Pending);
    });

    [Fact]
    public Task What_is_nested_in_what_was_left_is_named_too() => InTime(async () =>
    {
        TaskCompletionSource release = Signal();
        TaskScope scope = null!;
        Task run = TaskScope.RunAsync(
            async own =>
            {
                scope = own;
                own.Spawn(
                    _ => TaskScope.RunAsync(
                        async nested =>
                        {
                            nested.Spawn(_ => release.Task, "deaf");
                            await Until(static () => Is("deaf", NodeState.Running));
                            own.Cancel();
                        },
                        name: "nested"),
                    "child");
                await Task.Yield();
            },
            new ScopeOptions { Name = "scope", Patience = s_second, TimeProvider = _clock });
        await Until(() => scope is { IsCancellationRequested: true } && _clock.Pending == 1 && Joins("scope") && Joins("nested"));
        _clock.Advance(s_second);
        AbandonedException thrown = await Assert.ThrowsAsync<AbandonedException>(() => run);
        Assert.Equal(["scope/child", "scope/child/nested/deaf"], thrown.Nodes.Select(static node => node.Path));
        release.SetResult();
        await Until(static () => All().All(static node => node.Name != "scope"));
    });

    [Fact]
    public Task A_scope_that_only_waits_to_be_closed_does_not_give_up() => InTime(async () =>
    {
        var scope = Treeline.TaskScope.Open(new ScopeOptions { Patience = s_second, TimeProvider = _clock });
        ChildTask child = scope.Spawn(Forever);
        scope.Cancel();
        await Until(() => child.IsCompleted);
        _clock.Advance(2 * s_second);
        Assert.Equal(NodeState.Cancelling, scope.State);
        await scope.JoinAsync();
        Assert.Equal(NodeState.Cancelled, scope.State);
    });

    [Fact]
    public Task One_opened_by_hand_that_gave_up_and_is_forgotten_leaves_the_tree_with_its_last_task() => InTime(async () =>
    {
        TaskCompletionSource release = Signal();
        AbandonedException thrown = await Assert.ThrowsAsync<AbandonedException>(() => TaskScope.RunAsync(async _ =>
        {
            var scope = Treeline.TaskScope.Open(new ScopeOptions { Name = "forgotten", Patience = s_second, TimeProvider = _clock });
            ChildTask deaf = scope.Spawn(_ => release.Task, "deaf");
            await Until(() => deaf.State == NodeState.Running);
            scope.Cancel();
            _clock.Advance(s_second);
            await scope.JoinAsync();
        }));
        Assert.EndsWith("/forgotten/deaf", Assert.Single(thrown.Nodes).Path, StringComparison.Ordinal);
        Assert.True(Is("forgotten", NodeState.Abandoned));

        await TaskScope.RunAsync(async _ =>
        {
            var scope = Treeline.TaskScope.Open(new ScopeOptions { Name = "never joined", Patience = s_second, TimeProvider = _clock });
            ChildTask deaf = scope.Spawn(_ => release.Task, "deaf, too");
            await Until(() => deaf.State == NodeState.Running);
            scope.Cancel();
            _clock.Advance(s_second);
            Assert.True(Is("never joined", NodeState.Abandoned));
        });
        release.SetResult();
        await Until(static () => All().All(static node => node.Name is not ("forgotten" or "never joined")));
    });

    [Fact]
    public Task What_runs_on_below_a_scope_that_gave_up_keeps_its_clock() => InTime(async () =>
    {
        TaskCompletionSource release = Signal();
        Task<bool>? late = null;
        await Assert.ThrowsAsync<AbandonedException>(() => TaskScope.RunAsync(
            async _ => await TaskScope.RunAsync(
                async scope =>
                {
                    ChildTask deaf = scope.Spawn(
                        async _ =>
                        {
                            await release.Task;
                            await CancelScope.ShieldAsync(TimeSpan.FromDays(1), async _ =>
                                await (late = CancelScope.MoveOnAfterAsync(s_second, static async ct => await Forever(ct))));
                        },
                        "deaf");
                    await Until(() => deaf.State == NodeState.Running);
                    scope.Cancel();
                    _clock.Advance(s_second);
                },
                new ScopeOptions { Name = "scope", Patience = s_second }),
            new ScopeOptions { TimeProvider = _clock }));
        release.SetResult();
        await Until(() => late is not null);
        Assert.Equal(2, _clock.Pending);
        _clock.Advance(s_second);
        Assert.False(await late!);
        await Until(static () => All().All(static node => node.Name != "scope"));
    });

    private static bool Is(string name, NodeState state) => All().Any(node => node.Name == name && node.State == state);

    /// <summary>Its own code has ended.</summary>
    private static bool Joins(string name) => All().Any(node => node.Name == name && !node.OwnCodeRuns);
}
