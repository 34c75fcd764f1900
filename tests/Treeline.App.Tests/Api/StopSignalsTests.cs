using Treeline.App.Server;

namespace Treeline.App.Tests.Api;

public sealed class StopSignalsTests : IDisposable
{
    private readonly Clock _clock = new();
    private readonly StopSignals _signals;

    public StopSignalsTests() => _signals = new StopSignals(_clock);

    [Fact]
    public void One_signal_sent_twice_at_once_is_one_request()
    {
        _signals.Raise("SIGTERM");
        _signals.Raise("SIGTERM");

        Assert.Equal(["SIGTERM"], Raised());
    }

    [Fact]
    public void The_same_signal_again_is_a_second_request()
    {
        _signals.Raise("SIGINT");
        _clock.Now += TimeSpan.FromMilliseconds(60);
        _signals.Raise("SIGINT");

        Assert.Equal(["SIGINT", "SIGINT"], Raised());
    }

    [Fact]
    public void Another_signal_is_a_second_request_at_any_time()
    {
        _signals.Raise("SIGINT");
        _signals.Raise("SIGTERM");

        Assert.Equal(["SIGINT", "SIGTERM"], Raised());
    }

    public void Dispose() => _signals.Dispose();

    private List<string> Raised()
    {
        var raised = new List<string>();
        while (_signals.Raised.TryReceive(out string? name))
        {
            raised.Add(name);
        }

        return raised;
    }

    /// <summary>A clock that stands still until it is moved.</summary>
    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
