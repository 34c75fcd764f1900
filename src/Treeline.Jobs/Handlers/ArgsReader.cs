using System.Text.Json;

namespace Treeline.Jobs;

/// <summary>
/// Reads the arguments of a built-in handler, field by field, and keeps the first thing that is wrong. The same reading
/// serves the check at submission and the handler itself.
/// </summary>
internal sealed class ArgsReader
{
    private readonly JsonElement _args;

    public ArgsReader(JsonElement? args, params ReadOnlySpan<string> fields)
    {
        string known = string.Join(", ", fields);
        if (args is { ValueKind: not (JsonValueKind.Object or JsonValueKind.Null) } other)
        {
            Error = new ArgsError(string.Empty, $"must be an object with the fields {known}, and is {Kind(other)}.");
            return;
        }

        _args = args ?? default;
        if (_args.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty property in _args.EnumerateObject())
            {
                if (!fields.Contains(property.Name))
                {
                    Fail(property.Name, $"is not known here; the fields are {known}.");
                }
            }
        }
    }

    /// <summary>The first thing that is wrong; what was read is usable only without one.</summary>
    public ArgsError? Error { get; private set; }

    public void Fail(string field, string message) => Error ??= new ArgsError(field, message);

    public long RequiredNumber(string field, long least, long most) =>
        Number(field, least, most) ?? Missing(field, $"a whole number from {least} to {most}", 0L);

    public long? Number(string field, long least, long most)
    {
        if (!TryGet(field, out JsonElement value))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt64(out long number) || number < least || number > most)
        {
            Fail(field, $"must be a whole number from {least} to {most}, and is {Kind(value)}.");
            return null;
        }

        return number;
    }

    public string RequiredText(string field) => Text(field) ?? Missing(field, "a string", string.Empty);

    public string? Text(string field)
    {
        if (!TryGet(field, out JsonElement value))
        {
            return null;
        }

        return TextOf(field, value);
    }

    public IReadOnlyList<string> Texts(string field)
    {
        var texts = new List<string>();
        if (TryGet(field, out JsonElement value))
        {
            if (value.ValueKind != JsonValueKind.Array)
            {
                Fail(field, $"must be an array of strings, and is {Kind(value)}.");
                return texts;
            }

            foreach (JsonElement item in value.EnumerateArray())
            {
                texts.Add(TextOf($"{field}[{texts.Count}]", item));
            }
        }

        return texts;
    }

    public IReadOnlyList<KeyValuePair<string, string>> TextMap(string field)
    {
        var map = new List<KeyValuePair<string, string>>();
        if (TryGet(field, out JsonElement value))
        {
            if (value.ValueKind != JsonValueKind.Object)
            {
                Fail(field, $"must be an object of strings, and is {Kind(value)}.");
                return map;
            }

            foreach (JsonProperty property in value.EnumerateObject())
            {
                map.Add(new(property.Name, TextOf($"{field}.{property.Name}", property.Value)));
            }
        }

        return map;
    }

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
        JsonValueKind.Null => "null",
        JsonValueKind.String => "a string",
        JsonValueKind.Array => "an array",
        _ => "an object",
    };

    private bool TryGet(string field, out JsonElement value)
    {
        value = default;
        return _args.ValueKind == JsonValueKind.Object
            && _args.TryGetProperty(field, out value)
            && value.ValueKind != JsonValueKind.Null;
    }

    private string TextOf(string field, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            Fail(field, $"must be a string, and is {Kind(value)}.");
            return string.Empty;
        }

        string text = value.GetString()!;
        if (text.Contains('\0'))
        {
            Fail(field, "must not contain the character U+0000.");
        }

        return text;
    }

    private T Missing<T>(string field, string what, T none)
    {
        Fail(field, $"is required: {what}.");
        return none;
    }
}
