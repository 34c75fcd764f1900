using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Treeline.Jobs;

/// <summary>The built-in handler <c>http</c>.</summary>
internal sealed class HttpHandler(HttpClient? client)
{
    private const long DefaultTimeout = 100_000;
    private const int BodyKept = 64 * 1024;
    private const int BodyInError = 4 * 1024;

    // Connections are renewed now and then so that a changed DNS entry is seen; one job's cookies are not the next one's;
    // time is limited per job.
    private static readonly HttpClient s_shared = new(
        new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(2), UseCookies = false })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private readonly HttpClient _client = client ?? s_shared;

    public static ArgsError? Validate(JsonElement? args)
    {
        HttpArgs.Read(args, out ArgsError? error);
        return error;
    }

    public async Task<object?> RunAsync(JobContext job, CancellationToken cancellationToken)
    {
        HttpArgs args = HttpArgs.Read(job.Args, out ArgsError? error);
        JobFailedException.ThrowIfBad(error);
        TimeSpan limit = TimeSpan.FromMilliseconds(args.TimeoutMs ?? DefaultTimeout);
        try
        {
            return await TaskScope.RunAsync(
                async scope => await CallAsync(args, scope.Token),
                new ScopeOptions { Name = $"{args.Method} {args.Url.GetLeftPart(UriPartial.Path)}", Timeout = limit, TimeProvider = job.Time },
                cancellationToken);
        }
        catch (TimeoutException e)
        {
            throw new JobFailedException(
                $"{args.Method} {args.Url} was not answered within {limit.TotalMilliseconds} ms. args.timeoutMs sets the limit.", e);
        }
        catch (HttpRequestException e)
        {
            throw new JobFailedException($"{args.Method} {args.Url} failed: {e.Message}", e);
        }
    }

    private static Encoding EncodingOf(HttpContent content)
    {
        try
        {
            return content.Headers.ContentType?.CharSet is { } name ? Encoding.GetEncoding(name.Trim('"')) : Encoding.UTF8;
        }
        catch (ArgumentException)
        {
            return Encoding.UTF8;
        }
    }

    private async Task<object?> CallAsync(HttpArgs args, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(new HttpMethod(args.Method), args.Url);
        if (args.Body is { } sent)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(sent));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("text/plain", "utf-8");
        }

        foreach ((string name, string value) in args.Headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                // A header that describes the body; what was set above gives way.
                request.Content ??= new ByteArrayContent([]);
                request.Content.Headers.Remove(name);
                request.Content.Headers.TryAddWithoutValidation(name, value);
            }
        }

        using HttpResponseMessage response = await _client
            .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await using Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var body = new StreamCapture(response.IsSuccessStatusCode ? BodyKept : BodyInError);
        await body.ReadAsync(stream, cancellationToken);
        string text = body.Head(EncodingOf(response.Content));
        if (!response.IsSuccessStatusCode)
        {
            throw new JobFailedException(
                $"{args.Method} {args.Url} answered {(int)response.StatusCode} {response.ReasonPhrase}: {text}");
        }

        return new { status = (int)response.StatusCode, bytes = body.Bytes, body = text };
    }
}
