using System.Collections.Concurrent;
using System.Diagnostics.Tracing;

namespace Treeline.Tests.Diagnostics;

/// <summary>The events and counters that tools see from outside.</summary>
public sealed class TreeEventSourceTests : TreeTest
{
    [Fact]
    public Task Scopes_and_failures_are_events() => InTime(async () =>
    {
        using var listener = new Listener(EventLevel.Informational, EventKeywords.All);
        await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(
            static async scope =>
            {
                await scope.Spawn(async _ => { }, "fine");
                await scope.Spawn(static _ => Task.FromException(new OopsException("what failed")), "bad");
            },
            name: "top"));
        Assert.Equal(["ScopeStart", "Failure", "Failure", "ScopeStop"], listener.Names);
        EventWrittenEventArgs start = listener.Single("ScopeStart");
        EventWrittenEventArgs stop = listener.Single("ScopeStop");
        Assert.Equal(["id", "path", "spawnSite"], start.PayloadNames!);
        Assert.Equal("top", start.Payload![1]);
        Assert.StartsWith("TreeEventSourceTests.cs:", (string)start.Payload[2]!, StringComparison.Ordinal);
        Assert.Equal(start.Payload[0], stop.Payload![0]);
        Assert.Equal("failed", stop.Payload[2]);
        EventWrittenEventArgs failure = listener.Events.First(static each => each.EventName == "Failure");
        Assert.Equal("top/bad", failure.Payload![1]);
        Assert.Equal([typeof(OopsException).FullName, "what failed"], failure.Payload.Skip(2));
    });

    [Fact]
    public Task Children_are_events_for_those_who_want_all() => InTime(async () =>
    {
        using var listener = new Listener(EventLevel.Verbose, (EventKeywords)2);
        await TaskScope.RunAsync(static async scope => await scope.Spawn(async _ => { }, "child"), name: "top");
        Assert.Equal(["ChildSpawn", "ChildStop"], listener.Names);
        Assert.Equal("top/child", listener.Single("ChildSpawn").Payload![1]);
        Assert.Equal("succeeded", listener.Single("ChildStop").Payload![2]);
    });

    [Fact]
    public Task Tasks_that_a_scope_gives_up_on_are_events() => InTime(async () =>
    {
        using var listener = new Listener(EventLevel.Warning, EventKeywords.None);
        var signal = new ManualResetSignal("the orders");
        var clock = new ManualTimeProvider();
        await Assert.ThrowsAsync<AbandonedException>(() => TaskScope.RunAsync(
            async scope =>
            {
                scope.Spawn(async _ => await signal.Wait(CancellationToken.None), "deaf");
                await Until(() => Find("deaf").WaitsOn is not null);
                scope.Cancel();
                clock.Advance(TimeSpan.FromSeconds(1));
            },
            new ScopeOptions { Name = "top", Patience = TimeSpan.FromSeconds(1), TimeProvider = clock }));
        EventWrittenEventArgs abandoned = Assert.Single(
            listener.Events, static each => each.EventName == "Abandoned" && (string)each.Payload![0]! == "top/deaf");
        Assert.Equal("the orders", abandoned.Payload![2]);
        signal.Set();
        await Until(() => !All().Exists(static node => node.Name == "top"));
    });

    [Fact]
    public Task A_subscriber_that_throws_is_an_event() => InTime(async () =>
    {
        using var listener = new Listener(EventLevel.Warning, EventKeywords.None);
        using (TaskTree.Subscribe(static _ => throw new OopsException("subscriber")))
        {
            await TaskScope.RunAsync(static _ => Task.CompletedTask);
        }

        Assert.Contains("subscriber", (string)listener.Single("ListenerFailed").Payload![0]!, StringComparison.Ordinal);
    });

    [Fact]
    public Task Counters_come_when_they_are_asked_for() => InTime(async () =>
    {
        using var listener = new Listener(
            EventLevel.Informational, EventKeywords.None, new Dictionary<string, string?> { ["EventCounterIntervalSec"] = "0.05" });
        await using TaskScope scope = TaskScope.Open(name: "top");
        scope.Spawn(Forever);
        await Until(() =>
        {
            scope.Spawn(static _ => Task.CompletedTask); // again and again: an increment is that of one interval
            return listener.Counter("spawned", "Increment") > 0;
        });
        await Until(() => listener.Counter("alive", "Mean") >= 2);
        Assert.All(["failed", "cancelled", "abandoned"], name => Assert.Equal(0, listener.Counter(name, "Increment")));
    });

    [Fact]
    public void The_manifest_is_sound() =>
        Assert.NotNull(EventSource.GenerateManifest(typeof(TreeEventSource), null, EventManifestOptions.Strict));

    private sealed class Listener : EventListener
    {
        // Of each counter the highest value that came.
        private readonly ConcurrentDictionary<string, double> _counters = new();

        public Listener(EventLevel level, EventKeywords keywords, Dictionary<string, string?>? arguments = null) =>
            EnableEvents(TreeEventSource.Log, level, keywords, arguments);

        public ConcurrentQueue<EventWrittenEventArgs> Events { get; } = new();

        public IEnumerable<string> Names => Events.Select(static each => each.EventName!);

        public EventWrittenEventArgs Single(string name) => Assert.Single(Events, each => each.EventName == name);

        public double Counter(string name, string value) => _counters.GetValueOrDefault($"{name} {value}");

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (eventData.EventSource.Name != Telemetry.Name)
            {
                return;
            }

            if (eventData.EventName != "EventCounters")
            {
                Events.Enqueue(eventData);
                return;
            }

            var counter = (IDictionary<string, object>)eventData.Payload![0]!;
            foreach (string key in new[] { "Increment", "Mean" })
            {
                if (counter.TryGetValue(key, out object? value))
                {
                    _counters.AddOrUpdate($"{counter["Name"]} {key}", (double)value, (_, most) => Math.Max(most, (double)value));
                }
            }
        }
    }
}
