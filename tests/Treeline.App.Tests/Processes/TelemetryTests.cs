using Treeline.App.Tests.Support;
using Xunit.Abstractions;

namespace Treeline.App.Tests.Processes;

public sealed class TelemetryTests(ITestOutputHelper log)
{
    [Fact]
    public async Task Traces_and_metrics_go_to_the_collector_that_is_named()
    {
        using var folder = new TempFolder();
        await using Listener collector = await Listener.StartAsync();
        var start = ChildProcess.Treeline("serve", "--port", "0", "--data", folder.File("jobs.db"));
        start.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url;
        start.Environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        await using ServerProcess server = await ServerProcess.StartAsync(log, start);
        long id = await server.Http.SubmitAsync("""{"type":"sleep","args":{"ms":1}}""");
        await server.Http.WaitForStateAsync(id, "succeeded");

        // What is left is sent at the end.
        server.Process.Signal(ChildProcess.SigTerm);

        Assert.Equal(0, await server.Process.ExitAsync());
        Assert.Contains("/v1/traces", collector.Paths);
        Assert.Contains("/v1/metrics", collector.Paths);
    }

    [Fact]
    public async Task A_collector_that_is_away_holds_nothing_up_and_fails_nothing()
    {
        using var folder = new TempFolder();
        var start = ChildProcess.Treeline("serve", "--port", "0", "--data", folder.File("jobs.db"));
        start.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1";
        await using ServerProcess server = await ServerProcess.StartAsync(log, start);

        server.Process.Signal(ChildProcess.SigTerm);

        Assert.Equal(0, await server.Process.ExitAsync());
    }
}
