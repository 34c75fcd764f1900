using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Treeline.App.Server;

/// <summary>Sends traces and metrics to an OpenTelemetry collector, when one is named.</summary>
internal sealed class TelemetryExport : IDisposable
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private static readonly string[] s_sources = [Treeline.Telemetry.Name, "Treeline.Jobs", "Microsoft.AspNetCore"];

    // Meters of the web server that tell something here: requests, connections.
    private static readonly string[] s_meters =
        [Treeline.Telemetry.Name, "Treeline.Jobs", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel"];

    private readonly TracerProvider _traces;
    private readonly MeterProvider _metrics;

    private TelemetryExport()
    {
        _traces = Sdk.CreateTracerProviderBuilder()
            .ConfigureResource(Describe).AddSource(s_sources).AddOtlpExporter().Build();
        _metrics = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(Describe).AddMeter(s_meters).AddOtlpExporter().Build();
    }

    /// <summary>Starts sending to <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>; null, and nothing loaded, when it is not set.
    /// The specification's other variables (headers, protocol, intervals) apply as well.</summary>
    public static TelemetryExport? FromEnvironment() =>
        string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(Endpoint)) ? null : new TelemetryExport();

    /// <summary>Sends what is left, for a few seconds at most.</summary>
    public void Dispose()
    {
        _traces.Dispose();
        _metrics.Dispose();
    }

    private static void Describe(ResourceBuilder resource)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_SERVICE_NAME")))
        {
            resource.AddService("treeline");
        }
    }
}
