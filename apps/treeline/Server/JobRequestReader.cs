using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using Treeline.App.Wire;
using Treeline.Jobs;

namespace Treeline.App.Server;

/// <summary>Reads the body of <c>POST /jobs</c> by hand, because only so can an error say which field of which job
/// is wrong, what was found there and what is wanted. Checks form only; whether a type exists and what it takes
/// as arguments is <see cref="JobServer.SubmitAsync"/>'s to say.</summary>
internal sealed class JobRequestReader
{
    /// <summary>Jobs in one request: they are one transaction.</summary>
    public const int MaxJobs = 10_000;

    /// <summary>Levels of nesting. What goes in at this depth comes out a little deeper (inside a page of jobs), and
    /// common readers stop at 64.</summary>
    private const int MaxDepth = 60;

    private static readonly string[] s_fields = ["type", "args", "maxAttempts", "delay", "priority"];

    // Some editors and shells put one in front of UTF-8.
    private static readonly byte[] s_byteOrderMark = [0xef, 0xbb, 0xbf];

    private readonly List<FieldError> _errors = [];
    private readonly List<NewJob> _jobs = [];
    private bool _isArray;

    private JobRequestReader()
    {
    }

    /// <exception cref="ProblemException">The body is not JSON, or not a job or an array of jobs; all that is wrong is
    /// listed at once.</exception>
    public static JobRequest Read(ReadOnlyMemory<byte> body)
    {
        using JsonDocument document = Parse(body);
        var reader = new JobRequestReader();
        reader.ReadBody(document.RootElement);
        if (reader._errors.Count > 0)
        {
            throw Problems.InvalidJobs(reader._errors);
        }

        return new JobRequest(reader._jobs, reader._isArray);
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> body)
    {
        const string Example = """{"type":"sleep","args":{"ms":100}}""";
        if (body.Span.StartsWith(s_byteOrderMark))
        {
            body = body[s_byteOrderMark.Length..];
        }

        if (body.Span.IndexOfAnyExcept(" \t\r\n"u8) < 0)
        {
            throw Problems.InvalidBody($"The body is empty; send a job, such as {Example}, or an array of jobs.");
        }

        if (!Utf8.IsValid(body.Span))
        {
            throw Problems.InvalidBody("The body is not UTF-8 text.");
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = MaxDepth });
        }
        catch (JsonException error)
        {
            throw Problems.InvalidBody(Describe(error));
        }

        // "\ud800" alone is no character: it passes the parser, and nobody could read or write it afterwards.
        if (body.Span.IndexOf(@"\ud"u8) >= 0 || body.Span.IndexOf(@"\uD"u8) >= 0)
        {
            try
            {
                ReadEveryString(document.RootElement);
            }
            catch (InvalidOperationException)
            {
                document.Dispose();
                throw Problems.InvalidBody(@"A string holds half of a surrogate pair (such as \ud800), which is no character.");
            }
        }

        return document;
    }

    /// <summary>"Line 2, byte 17: '}' is an invalid start of a value." from an exception that says it less clearly.</summary>
    private static string Describe(JsonException error)
    {
        string message = error.Message;
        int position = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        if (position >= 0)
        {
            message = message[..position];
        }

        string reason = message.TrimEnd('.') + ".";
        return error is { LineNumber: { } line, BytePositionInLine: { } column }
            ? string.Create(CultureInfo.InvariantCulture, $"Malformed JSON at line {line + 1}, byte {column + 1}: {reason}")
            : $"Malformed JSON: {reason}";
    }

    private static void ReadEveryString(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray())
                {
                    ReadEveryString(item);
                }

                break;
            case JsonValueKind.Object:
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    _ = property.Name;
                    ReadEveryString(property.Value);
                }

                break;
        }
    }

    private void ReadBody(JsonElement body)
    {
        if (body.ValueKind == JsonValueKind.Object)
        {
            ReadJob(0, body);
            return;
        }

        if (body.ValueKind != JsonValueKind.Array)
        {
            throw Problems.InvalidBody($"A job is an object and several are an array of objects; this is {Kind(body)}.");
        }

        _isArray = true;
        int count = body.GetArrayLength();
        if (count == 0)
        {
            throw Problems.InvalidBody("The array is empty; send at least one job.");
        }

        if (count > MaxJobs)
        {
            throw Problems.InvalidBody(string.Create(CultureInfo.InvariantCulture,
                $"The array has {count} jobs; one request takes up to {MaxJobs}. Send them in several."));
        }

        int index = 0;
        foreach (JsonElement item in body.EnumerateArray())
        {
            if (item.ValueKind == JsonValueKind.Object)
            {
                ReadJob(index, item);
            }
            else
            {
                _errors.Add(new FieldError($"[{index}]", $"must be an object, a job; this is {Kind(item)}"));
            }

            index++;
        }
    }

    private void ReadJob(int index, JsonElement job)
    {
        string? type = null;
        JsonElement? args = null;
        int? maxAttempts = null;
        TimeSpan? delay = null;
        int? priority = null;
        int before = _errors.Count;
        var seen = new HashSet<string>(StringComparer.Ordinal);

        foreach (JsonProperty property in job.EnumerateObject())
        {
            string field = property.Name;
            JsonElement value = property.Value;
            if (!seen.Add(field))
            {
                Fail(index, field, "is given twice");
                continue;
            }

            // Null is a way to say "not given".
            bool given = value.ValueKind != JsonValueKind.Null;
            switch (field)
            {
                case "type":
                    type = given ? ReadText(index, field, value) : null;
                    break;
                case "args":
                    args = given ? value.Clone() : null;
                    break;
                case "maxAttempts":
                    maxAttempts = given ? ReadWholeNumber(index, field, value) : null;
                    break;
                case "delay":
                    delay = given ? ReadDuration(index, field, value) : null;
                    break;
                case "priority":
                    priority = given ? ReadWholeNumber(index, field, value) : null;
                    break;
                default:
                    Fail(index, field, Suggestion.For(field, s_fields) is { } meant
                        ? $"unknown field; did you mean {meant}?"
                        : $"unknown field; a job has {string.Join(", ", s_fields)}");
                    break;
            }
        }

        if (type is null && !_errors.Skip(before).Any(error => error.Field == JobRequest.FieldName(_isArray, index, "type")))
        {
            Fail(index, "type", "is required: the kind of job, such as \"sleep\"");
        }

        if (_errors.Count > before)
        {
            return;
        }

        var read = new NewJob(type!) { Args = args };
        _jobs.Add(read with
        {
            MaxAttempts = maxAttempts ?? read.MaxAttempts,
            Delay = delay ?? read.Delay,
            Priority = priority ?? read.Priority,
        });
    }

    private string? ReadText(int index, string field, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            return value.GetString();
        }

        Fail(index, field, $"must be a string; this is {Kind(value)}");
        return null;
    }

    private int? ReadWholeNumber(int index, string field, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Number)
        {
            Fail(index, field, $"must be a whole number; this is {Kind(value)}");
            return null;
        }

        if (value.TryGetInt32(out int number))
        {
            return number;
        }

        Fail(index, field, value.GetRawText().AsSpan().IndexOfAny('.', 'e', 'E') >= 0
            ? $"must be a whole number; this is {value.GetRawText()}"
            : $"is out of range: {value.GetRawText()}");
        return null;
    }

    private TimeSpan? ReadDuration(int index, string field, JsonElement value)
    {
        const string Form = "must be a string \"hh:mm:ss\", with days in front and fractions behind if need be "
            + "(\"00:00:05\", \"1.12:00:00\", \"00:00:00.250\")";
        if (value.ValueKind != JsonValueKind.String)
        {
            Fail(index, field, $"{Form}; this is {Kind(value)}");
            return null;
        }

        // "5" would be five days and "5:00" is five hours: too easily meant otherwise.
        string text = value.GetString()!;
        if (text.Count(character => character == ':') == 2
            && TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out TimeSpan duration))
        {
            return duration;
        }

        Fail(index, field, $"{Form}; this is \"{Shorten(text)}\"");
        return null;
    }

    private void Fail(int index, string field, string message) =>
        _errors.Add(new FieldError(JobRequest.FieldName(_isArray, index, Shorten(field)), message));

    private static string Shorten(string text) => text.Length <= 64 ? text : $"{text.AsSpan(0, 64)}…";

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
