using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Treeline.Jobs;

namespace Treeline.App.Wire;

/// <summary>How bodies are written and read: camelCase, enums by name, absent values as nulls.</summary>
/// <remarks>Generated at compile time, so that neither a start nor a first request waits for reflection.</remarks>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Job))]
[JsonSerializable(typeof(JobPageBody))]
[JsonSerializable(typeof(StatusBody))]
[JsonSerializable(typeof(CancelledBody))]
[JsonSerializable(typeof(JobEventBody))]
[JsonSerializable(typeof(LaggedBody))]
internal sealed partial class WireJson : JsonSerializerContext
{
    /// <summary>The one to use: quotes and letters of other alphabets stay as they are, since nothing here is
    /// ever pasted into HTML.</summary>
    public static WireJson Instance { get; } =
        new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            Converters = { new UtcTimeConverter(), new JobStateConverter() },
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        });
}
