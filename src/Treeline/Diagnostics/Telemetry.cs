using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Treeline;

/// <summary>The names under which Treeline's traces and metrics are found, for the set-up of an exporter.</summary>
public static class Telemetry
{
    /// <summary>The name of the <see cref="ActivitySource"/> and of the <see cref="Meter"/>.</summary>
    public const string Name = "Treeline";
}
