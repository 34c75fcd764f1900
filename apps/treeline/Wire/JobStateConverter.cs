using System.Text.Json;
using System.Text.Json.Serialization;
using Treeline.Jobs;

namespace Treeline.App.Wire;

/// <summary>Job states by their lower-case names, never by number.</summary>
internal sealed class JobStateConverter()
    : JsonStringEnumConverter<JobState>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);
