using System.Collections.Concurrent;
using System.Diagnostics;

namespace Treeline.Tests.Diagnostics;

/// <summary>A span for each scope and each child, related as they are.</summary>
public sealed class SpansTests : TreeTest, IDisposable
{
    private readonly ConcurrentQueue<Activity> _stopped = new();
    private readonly ActivityListener _listener;

    public SpansTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name is Telemetry.Name or "user",
            Sample = static (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _stopped.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public Task Scopes_and_children_have_spans_with_names_tags_and_outcomes() => InTime(async () =>
    {
        await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(
            async scope =>
            {
                await scope.Spawn(async _ => await Fiber.Yield(), "good");
                ChildTask cut = scope.Spawn(Forever, "cut");
                await Until(() => cut.State == NodeState.Running);
                await scope.Spawn(static async Task (CancellationToken _) => throw new OopsException("what failed"), "bad");
            },
            name: "top"));

        Assert.Equal(["bad", "cut", "good", "top"], _stopped.Select(static span => span.OperationName).Order());
        Activity top = Span("top");
        Assert.All(_stopped.Where(span => span != top), span => Assert.Same(top, span.Parent));
        Assert.Null(top.Parent);
        Assert.Equal(ActivityStatusCode.Ok, Span("good").Status);
        Assert.Equal(ActivityStatusCode.Unset, Span("cut").Status);
        Assert.Equal((ActivityStatusCode.Error, "what failed"), (Span("bad").Status, Span("bad").StatusDescription));
        Assert.Equal("exception", Assert.Single(Span("bad").Events).Name);
        Assert.Equal(ActivityStatusCode.Error, top.Status);
        Assert.Equal(
            [("bad", "failed"), ("cut", "cancelled"), ("good", "succeeded"), ("top", "failed")],
            _stopped.Select(static span => (span.OperationName, span.GetTagItem("treeline.outcome"))).Order());
        Assert.Equal("top/good", Span("good").GetTagItem("treeline.path"));
        Assert.StartsWith("SpansTests.cs:", (string)Span("good").GetTagItem("treeline.spawn_site")!, StringComparison.Ordinal);
        Assert.True(Span("good").Duration <= top.Duration);
    });

    [Fact]
    public Task The_current_span_is_the_nodes_own_before_and_after_every_kind_of_wait() => InTime(async () =>
    {
        var signal = new ManualResetSignal();
        await TaskScope.RunAsync(
            async scope =>
            {
                IsCurrent("top");
                ChildTask fiber = scope.Spawn(
                    async ct =>
                    {
                        IsCurrent("fiber");
                        await Fiber.Yield();
                        IsCurrent("fiber");
                        await signal.Wait(ct);
                        IsCurrent("fiber");
                        await InnerFiber("fiber");
                        IsCurrent("fiber");
                    },
                    "fiber");
                ChildTask mixed = scope.Spawn(
                    async ct =>
                    {
                        IsCurrent("mixed");
                        await Task.Delay(1, ct);
                        IsCurrent("mixed");
                        await Task.Run(() => IsCurrent("mixed"), ct);
                        await fiber;
                        IsCurrent("mixed");
                    },
                    "mixed");
                Func<CancellationToken, Task> work = async ct =>
                {
                    IsCurrent("plain");
                    await Task.Yield();
                    await signal.WaitAsync(ct);
                    IsCurrent("plain");
                    await TaskScope.RunAsync(
                        static async _ =>
                        {
                            IsCurrent("nested");
                            await Task.Yield();
                            IsCurrent("nested");
                        },
                        name: "nested");
                    IsCurrent("plain");
                };
                ChildTask plain = scope.Spawn(work, "plain");
                IsCurrent("top");
                await Fiber.Yield();
                IsCurrent("top");
                signal.Set();
                await mixed;
                await plain;
                IsCurrent("top");
            },
            name: "top");
        Assert.Null(Activity.Current);
        Assert.Same(Span("plain"), Span("nested").Parent);

        static async Fiber InnerFiber(string name)
        {
            await Fiber.Yield();
            IsCurrent(name);
        }
    });

    [Fact]
    public Task A_childs_parent_is_its_scope_also_if_a_sibling_spawned_it_and_a_span_of_the_bodys_own_stands_between() => InTime(async () =>
    {
        using var source = new ActivitySource("user");
        using Activity? outside = source.StartActivity("outside");
        await TaskScope.RunAsync(
            async scope =>
            {
                using (Activity? mine = source.StartActivity("mine"))
                {
                    await scope.Spawn(async _ => await Fiber.Yield(), "below mine");
                    Assert.Same(mine, Activity.Current);
                }

                await scope.Spawn(
                    async _ =>
                    {
                        using Activity? his = source.StartActivity("his");
                        await scope.Spawn(async _ => await Fiber.Yield(), "by sibling");
                        await TaskScope.RunAsync(static _ => Task.CompletedTask, name: "nested");
                    },
                    "sibling");
            },
            name: "top");
        Assert.Same(outside, Activity.Current);
        Assert.Same(outside, Span("top").Parent);
        Assert.Equal("mine", Span("below mine").Parent!.OperationName);
        Assert.Same(Span("top"), Span("mine").Parent);
        Assert.Same(Span("top"), Span("by sibling").Parent);
        Assert.Equal("his", Span("nested").Parent!.OperationName);
        Assert.Same(Span("sibling"), Span("his").Parent);
    });

    [Fact]
    public Task A_scope_opened_by_hand_has_a_span_that_is_current_for_nobody_but_the_parent_of_its_childrens() => InTime(async () =>
    {
        TaskScope scope = TaskScope.Open(name: "open");
        Assert.Null(Activity.Current);
        scope.Spawn(async _ => await Fiber.Yield(), "child");
        await scope.JoinAsync();
        Assert.Same(Span("open"), Span("child").Parent);
    });

    [Fact]
    public Task Ending_on_somebody_elses_thread_leaves_his_span_alone() => InTime(async () =>
    {
        using var source = new ActivitySource("user");
        var go = new TaskCompletionSource(); // its waiters run on the stack of whoever completes it
        TaskScope scope = TaskScope.Open(name: "open");
        ChildTask child = scope.Spawn(_ => go.Task, "child");
        await Until(() => child.State == NodeState.Running);
        Task join = scope.JoinAsync();
        using Activity? mine = source.StartActivity("mine");
        go.SetResult();
        Assert.Same(mine, Activity.Current);
        await join;
        Assert.Equal(2, _stopped.Count);
    });

    [Fact]
    public Task A_child_that_never_starts_has_no_span_and_a_body_under_a_suppressed_flow_has_one() => InTime(async () =>
    {
        TaskScope scope = TaskScope.Open(name: "open");
        scope.Cancel();
        scope.Spawn(Forever, "never");
        await scope.DisposeAsync();
        Assert.Equal(["open"], _stopped.Select(static span => span.OperationName));

        Task run;
        using (ExecutionContext.SuppressFlow())
        {
            run = TaskScope.RunAsync(
                static _ =>
                {
                    IsCurrent("suppressed");
                    return Task.CompletedTask;
                },
                name: "suppressed");
            Assert.Null(Activity.Current);
        }

        await run;
        Assert.Equal(ActivityStatusCode.Ok, Span("suppressed").Status);
    });

    [Fact]
    public Task Spans_that_nobody_wants_are_not_made_and_what_a_listener_throws_harms_nobody() => InTime(async () =>
    {
        _listener.Dispose();
        int asked = 0;
        using (var picky = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == Telemetry.Name,
            Sample = (ref options) =>
            {
                Interlocked.Increment(ref asked);
                return options.Name == "wanted" ? ActivitySamplingResult.AllData : ActivitySamplingResult.None;
            },
            ActivityStopped = static _ => throw new OopsException("listener"),
        })
        {
            ActivitySource.AddActivityListener(picky);
            await TaskScope.RunAsync(
                async scope =>
                {
                    Assert.Null(Activity.Current);
                    await scope.Spawn(async _ => IsCurrent("wanted"), "wanted");
                },
                name: "unwanted");
        }

        Assert.Equal(2, asked);
        await TaskScope.RunAsync(static async scope => await scope.Spawn(async _ => Assert.Null(Activity.Current)));
    });

    [Fact]
    public Task A_span_ends_with_its_node_also_if_nobody_listens_any_more() => InTime(async () =>
    {
        await TaskScope.RunAsync(
            async _ =>
            {
                Assert.True(Spans.Any);
                _listener.Dispose();
                await Fiber.Yield();
            },
            name: "top");
        Assert.False(Spans.Any);
    });

    [Fact]
    public Task The_span_of_a_scope_that_gives_up_ends_then() => InTime(async () =>
    {
        TaskCompletionSource go = Signal();
        var clock = new ManualTimeProvider();
        await Assert.ThrowsAsync<AbandonedException>(() => TaskScope.RunAsync(
            async scope =>
            {
                ChildTask deaf = scope.Spawn(_ => go.Task, "deaf");
                await Until(() => deaf.State == NodeState.Running);
                scope.Cancel();
                clock.Advance(TimeSpan.FromSeconds(1));
            },
            new ScopeOptions { Name = "top", Patience = TimeSpan.FromSeconds(1), TimeProvider = clock }));
        Assert.Equal(("abandoned", ActivityStatusCode.Error), (Span("top").GetTagItem("treeline.outcome"), Span("top").Status));
        go.SetResult();
        await Until(() => !All().Exists(static node => node.Name == "top"));
        Assert.Equal(2, _stopped.Count);
    });

    private static void IsCurrent(string name) => Assert.Equal(name, Activity.Current?.OperationName);

    private Activity Span(string name) => Assert.Single(_stopped, span => span.OperationName == name);
}
