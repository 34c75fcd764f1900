using System.Diagnostics.Metrics;

namespace Treeline.Tests.Diagnostics;

/// <summary>The metrics, as a listener in the process gets them.</summary>
public sealed class TreeMeterTests : TreeTest, IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, double> _sums = [];
    private readonly MeterListener _listener = new();

    public TreeMeterTests()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name == Telemetry.Name)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags, times: true));
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public Task What_is_spawned_and_how_it_ends_is_counted() => InTime(async () =>
    {
        await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(async scope =>
        {
            await scope.Spawn(async _ => await Fiber.Yield());
            ChildTask cut = scope.Spawn(Forever);
            await Until(() => cut.State == NodeState.Running);
            await scope.Spawn(static _ => Task.FromException(new OopsException("failed")));
        }));
        await TaskScope.RunAsync(static _ => Task.CompletedTask);
        Assert.Equal(3, Sum("treeline.spawned"));
        Assert.Equal(1, Sum("treeline.failed treeline.kind=child"));
        Assert.Equal(1, Sum("treeline.failed treeline.kind=scope"));
        Assert.Equal(1, Sum("treeline.cancelled treeline.kind=child"));
        Assert.Equal(1, Sum("treeline.scope.duration treeline.outcome=failed"));
        Assert.Equal(1, Sum("treeline.scope.duration treeline.outcome=succeeded"));
        Assert.Equal(0, Sum("treeline.abandoned"));
        Assert.False(TreeMeter.AnyScopes);
    });

    [Fact]
    public Task What_is_alive_is_counted_when_somebody_asks() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        _listener.RecordObservableInstruments();
        double before = Sum("treeline.alive");
        for (int i = 0; i < 5; i++)
        {
            scope.Spawn(Forever);
        }

        _listener.RecordObservableInstruments();
        Assert.Equal(before + 5, Sum("treeline.alive") - before);
    });

    [Fact]
    public Task Tasks_that_a_scope_gives_up_on_are_counted() => InTime(async () =>
    {
        TaskCompletionSource go = Signal();
        var clock = new ManualTimeProvider();
        await Assert.ThrowsAsync<AbandonedException>(() => TaskScope.RunAsync(
            async scope =>
            {
                ChildTask[] deaf = [scope.Spawn(_ => go.Task), scope.Spawn(_ => go.Task)];
                await Until(() => deaf.All(static child => child.State == NodeState.Running));
                scope.Cancel();
                clock.Advance(TimeSpan.FromSeconds(1));
            },
            new ScopeOptions { Name = "top", Patience = TimeSpan.FromSeconds(1), TimeProvider = clock }));
        Assert.Equal(1, Sum("treeline.scope.duration treeline.outcome=abandoned"));
        Assert.InRange(Sum("treeline.abandoned"), 2, 3); // the body may just have returned
        go.SetResult();
        await Until(() => !All().Exists(static node => node.Name == "top"));
        Assert.Equal(1, Sum("treeline.failed treeline.kind=scope"));
    });

    [Fact]
    public Task A_duration_is_in_seconds() => InTime(async () =>
    {
        long before = Environment.TickCount64;
        await TaskScope.RunAsync(async _ => await Until(() => Environment.TickCount64 - before > 60));
        Assert.InRange(Sum("treeline.scope.duration treeline.outcome=succeeded time"), 0.04, 60);
    });

    [Fact]
    public Task A_listener_that_throws_harms_nobody() => InTime(async () =>
    {
        using var broken = new MeterListener();
        broken.SetMeasurementEventCallback<long>(static (_, _, _, _) => throw new OopsException("listener"));
        broken.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Name == "treeline.spawned")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        broken.Start();
        Assert.Equal(1, await TaskScope.RunAsync(static async scope => await scope.Spawn(async _ => 1)));
    });

    private void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, bool times = false)
    {
        string name = instrument.Name;
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            name += $" {tag.Key}={tag.Value}";
        }

        lock (_gate)
        {
            _sums[name] = _sums.GetValueOrDefault(name) + (times ? 1 : value);
            if (times)
            {
                _sums[name + " time"] = _sums.GetValueOrDefault(name + " time") + value;
            }
        }
    }

    private double Sum(string name)
    {
        lock (_gate)
        {
            return _sums.GetValueOrDefault(name);
        }
    }
}
