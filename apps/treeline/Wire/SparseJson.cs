using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Treeline.App.Wire;

/// <summary>As <see cref="WireJson"/>, for the bodies whose absent members are left out.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(SubmittedBody))]
internal sealed partial class SparseJson : JsonSerializerContext
{
    /// <inheritdoc cref="WireJson.Instance"/>
    public static SparseJson Instance { get; } =
        new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        });
}
