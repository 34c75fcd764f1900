using System.Text.Json;

namespace Treeline.Jobs;

/// <summary>The arguments of <c>http</c>.</summary>
internal sealed record HttpArgs(
    Uri Url, string Method, IReadOnlyList<KeyValuePair<string, string>> Headers, string? Body, long? TimeoutMs)
{
    private const string TokenCharacters = "!#$%&'*+-.^_`|~";
    private static readonly Uri s_none = new("http://none");

    public static HttpArgs Read(JsonElement? args, out ArgsError? error)
    {
        var reader = new ArgsReader(args, "url", "method", "headers", "body", "timeoutMs");
        string address = reader.RequiredText("url");
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? url) || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps))
        {
            reader.Fail("url", "must be an absolute address that begins with http:// or https://.");
        }

        string method = reader.Text("method") ?? "GET";
        if (!IsToken(method))
        {
            reader.Fail("method", "must be an HTTP method such as GET or POST.");
        }

        IReadOnlyList<KeyValuePair<string, string>> headers = reader.TextMap("headers");
        foreach ((string name, string value) in headers)
        {
            if (!IsToken(name) || value.AsSpan().IndexOfAny('\r', '\n') >= 0)
            {
                reader.Fail($"headers.{name}", "must have a header's name and a value on one line.");
            }
        }

        string? body = reader.Text("body");
        long? timeout = reader.Number("timeoutMs", 1, 3_600_000);
        error = reader.Error;
        return new HttpArgs(url ?? s_none, method.ToUpperInvariant(), headers, body, timeout);
    }

    private static bool IsToken(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || TokenCharacters.Contains(c));
}
