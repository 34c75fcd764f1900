using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Treeline.App.Commands;

/// <summary>Reads a server's answer.</summary>
internal static class Answer
{
    /// <exception cref="CommandException">It is not what a treeline server would say.</exception>
    public static T Read<T>(string answer, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(answer, type) ?? throw new JsonException("it is null");
        }
        catch (JsonException error)
        {
            throw new CommandException($"the server's answer makes no sense (is it a treeline server?): {error.Message}", error);
        }
    }
}
