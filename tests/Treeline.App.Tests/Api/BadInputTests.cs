using System.Net;
using System.Text;
using System.Text.Json;
using Treeline.App.Tests.Support;

namespace Treeline.App.Tests.Api;

/// <summary>Every way to get a request wrong is answered with problem details that say what and where, and leaves
/// nothing behind.</summary>
public sealed class BadInputTests(BadInputTests.SmallBodies fixture) : IClassFixture<BadInputTests.SmallBodies>
{
    private readonly HttpClient _http = fixture.Server.Http;

    [Theory]
    // The form of a body
    [InlineData("", null, "empty")]
    [InlineData("  \n ", null, "empty")]
    [InlineData("{", null, "line 1")]
    [InlineData("{\"type\":\"sleep\",\n  \"args\":{]}", null, "line 2, byte 11")]
    [InlineData("{\"type\":\"sleep\"} {}", null, "line 1")]
    [InlineData("[]", null, "at least one job")]
    [InlineData("7", null, "this is a number")]
    [InlineData("\"sleep\"", null, "this is a string")]
    [InlineData("null", null, "this is null")]
    [InlineData("[7]", "[0]", "must be an object")]
    [InlineData("[{\"type\":\"gate\"},[]]", "[1]", "this is an array")]
    [InlineData("{\"type\":\"gate\",\"args\":\"\\ud800\"}", null, "surrogate")]
    // Fields
    [InlineData("{}", "type", "is required")]
    [InlineData("{\"type\":null}", "type", "is required")]
    [InlineData("{\"type\":7}", "type", "must be a string; this is a number")]
    [InlineData("{\"type\":\"slep\"}", "type", "sleep")]
    [InlineData("{\"type\":\"\"}", "type", "")]
    [InlineData("{\"type\":\"gate\",\"maxAttempt\":3}", "maxAttempt", "did you mean maxAttempts?")]
    [InlineData("{\"type\":\"gate\",\"max_attempts\":3}", "max_attempts", "did you mean maxAttempts?")]
    [InlineData("{\"type\":\"gate\",\"Type\":\"gate\"}", "Type", "did you mean type?")]
    [InlineData("{\"type\":\"gate\",\"colour\":3}", "colour", "unknown field; a job has type, args")]
    [InlineData("{\"type\":\"gate\",\"priority\":1,\"priority\":2}", "priority", "twice")]
    [InlineData("{\"type\":\"gate\",\"maxAttempts\":\"3\"}", "maxAttempts", "must be a whole number; this is a string")]
    [InlineData("{\"type\":\"gate\",\"maxAttempts\":1.5}", "maxAttempts", "must be a whole number; this is 1.5")]
    [InlineData("{\"type\":\"gate\",\"maxAttempts\":0}", "maxAttempts", "100")]
    [InlineData("{\"type\":\"gate\",\"maxAttempts\":101}", "maxAttempts", "100")]
    [InlineData("{\"type\":\"gate\",\"maxAttempts\":99999999999}", "maxAttempts", "out of range")]
    [InlineData("{\"type\":\"gate\",\"priority\":1001}", "priority", "1000")]
    [InlineData("{\"type\":\"gate\",\"priority\":true}", "priority", "this is true or false")]
    [InlineData("{\"type\":\"gate\",\"delay\":5}", "delay", "hh:mm:ss")]
    [InlineData("{\"type\":\"gate\",\"delay\":\"5\"}", "delay", "hh:mm:ss")]
    [InlineData("{\"type\":\"gate\",\"delay\":\"5:00\"}", "delay", "hh:mm:ss")]
    [InlineData("{\"type\":\"gate\",\"delay\":\"soon\"}", "delay", "this is \"soon\"")]
    [InlineData("{\"type\":\"gate\",\"delay\":\"-00:00:01\"}", "delay", "")]
    [InlineData("{\"type\":\"gate\",\"delay\":\"366.00:00:00\"}", "delay", "365")]
    [InlineData("{\"type\":\"sleep\",\"args\":{\"ms\":\"long\"}}", "args.ms", "")]
    [InlineData("{\"type\":\"sleep\",\"args\":{\"ms\":-1}}", "args.ms", "")]
    [InlineData("{\"type\":\"exec\",\"args\":{\"command\":\"ls\"}}", "type", "exec")]
    // One bad job among good ones
    [InlineData("[{\"type\":\"gate\"},{\"type\":\"gate\",\"delay\":\"x\"}]", "[1].delay", "hh:mm:ss")]
    [InlineData("[{\"type\":\"gate\"},{\"type\":\"gate\",\"maxAttempts\":0}]", "[1].maxAttempts", "100")]
    [InlineData("[{\"type\":\"gate\"},{\"type\":\"sleep\",\"args\":{\"ms\":-1}}]", "[1].args.ms", "")]
    public async Task A_bad_body_is_refused_whole(string body, string? field, string message)
    {
        long before = await CountAllAsync();

        using HttpResponseMessage response = await _http.PostJobsAsync(body);

        JsonElement problem = await ProblemAsync(response, HttpStatusCode.BadRequest);
        string detail = problem.GetProperty("detail").GetString()!;
        Assert.Contains("Nothing was enqueued", detail, StringComparison.Ordinal);
        string where = field is null ? detail : MessageAbout(problem, field);
        Assert.Contains(message, where, StringComparison.Ordinal);
        Assert.Equal(before, await CountAllAsync());
    }

    [Fact]
    public async Task All_errors_are_named_at_once()
    {
        using HttpResponseMessage response = await _http.PostJobsAsync(
            """[{"type":"gate","delay":"x","priority":"y"},{"args":{}},{"type":"gate","colour":1}]""");

        JsonElement problem = await ProblemAsync(response, HttpStatusCode.BadRequest);
        Assert.Equal(
            ["[0].delay", "[0].priority", "[1].type", "[2].colour"],
            problem.GetProperty("errors").EnumerateObject().Select(error => error.Name));
    }

    [Fact]
    public async Task A_body_over_the_limit_is_refused_by_its_announced_length()
    {
        using HttpResponseMessage response = await _http.PostJobsAsync(
            $$"""{"type":"gate","args":"{{new string('x', SmallBodies.MaxBody)}}"}""");

        JsonElement problem = await ProblemAsync(response, HttpStatusCode.RequestEntityTooLarge);
        Assert.Contains($"{SmallBodies.MaxBody}", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.True(response.Headers.ConnectionClose);
    }

    [Fact]
    public async Task A_body_over_the_limit_is_refused_also_when_it_comes_in_chunks()
    {
        long before = await CountAllAsync();
        byte[] body = Encoding.UTF8.GetBytes($$"""{"type":"gate","args":"{{new string('x', SmallBodies.MaxBody)}}"}""");
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/jobs", UriKind.Relative));
        request.Content = new ByteArrayContent(body);
        request.Headers.TransferEncodingChunked = true;

        using HttpResponseMessage response = await _http.SendAsync(request);

        await ProblemAsync(response, HttpStatusCode.RequestEntityTooLarge);
        Assert.True(response.Headers.ConnectionClose);
        Assert.Equal(before, await CountAllAsync());
    }

    [Fact]
    public async Task Bytes_that_are_not_utf8_are_refused()
    {
        using var content = new ByteArrayContent([.. "{\"type\":\""u8, 0xff, 0xfe, .. "\"}"u8]);

        using HttpResponseMessage response = await _http.PostAsync(new Uri("/jobs", UriKind.Relative), content);

        JsonElement problem = await ProblemAsync(response, HttpStatusCode.BadRequest);
        Assert.Contains("UTF-8", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nesting_without_end_is_refused()
    {
        using HttpResponseMessage response = await _http.PostJobsAsync(
            $$"""{"type":"gate","args":{{new string('[', 500)}}{{new string(']', 500)}}}""");

        await ProblemAsync(response, HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task The_deepest_job_that_is_taken_can_be_read_back()
    {
        string args = new string('[', 59) + new string(']', 59);
        long id = await _http.SubmitAsync($$"""{"type":"gate","args":{{args}}}""");

        Assert.Equal(args, (await _http.JobAsync(id)).GetProperty("args").GetRawText());
        Assert.NotEqual(0, (await _http.GetJsonAsync("/jobs")).GetProperty("jobs").GetArrayLength());
    }

    [Theory]
    [InlineData("GET", "/jobs/abc", "id", "whole number")]
    [InlineData("GET", "/jobs/0", "id", "whole number")]
    [InlineData("GET", "/jobs/-1", "id", "whole number")]
    [InlineData("GET", "/jobs/1.5", "id", "whole number")]
    [InlineData("GET", "/jobs/99999999999999999999", "id", "whole number")]
    [InlineData("DELETE", "/jobs/abc", "id", "whole number")]
    [InlineData("GET", "/jobs?state=dead", "state", "pending, running, succeeded, failed, cancelled")]
    [InlineData("GET", "/jobs?limit=0", "limit", "1 to 1000")]
    [InlineData("GET", "/jobs?limit=1001", "limit", "1 to 1000")]
    [InlineData("GET", "/jobs?limit=many", "limit", "1 to 1000")]
    [InlineData("GET", "/jobs?after=x", "after", "id")]
    [InlineData("GET", "/jobs?states=failed", "states", "did you mean state?")]
    public async Task A_bad_parameter_is_named(string method, string path, string field, string message)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));

        using HttpResponseMessage response = await _http.SendAsync(request);

        JsonElement problem = await ProblemAsync(response, HttpStatusCode.BadRequest);
        Assert.Contains(message, MessageAbout(problem, field), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "/nowhere", HttpStatusCode.NotFound)]
    [InlineData("POST", "/nowhere", HttpStatusCode.NotFound)]
    [InlineData("GET", "/jobs/1/more", HttpStatusCode.NotFound)]
    [InlineData("GET", "/jobs/999999999", HttpStatusCode.NotFound)]
    [InlineData("DELETE", "/jobs/999999999", HttpStatusCode.NotFound)]
    [InlineData("PUT", "/jobs", HttpStatusCode.MethodNotAllowed)]
    [InlineData("POST", "/status", HttpStatusCode.MethodNotAllowed)]
    [InlineData("DELETE", "/tree", HttpStatusCode.MethodNotAllowed)]
    [InlineData("PATCH", "/jobs/1", HttpStatusCode.MethodNotAllowed)]
    public async Task What_is_not_there_is_a_problem_too(string method, string path, HttpStatusCode status)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));

        using HttpResponseMessage response = await _http.SendAsync(request);

        JsonElement problem = await ProblemAsync(response, status);
        Assert.NotEmpty(problem.GetProperty("detail").GetString()!);
        Assert.Equal(status == HttpStatusCode.MethodNotAllowed, response.Content.Headers.Allow.Count > 0);
    }

    private static async Task<JsonElement> ProblemAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        JsonElement problem = await response.JsonAsync(status);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
        Assert.NotEmpty(problem.GetProperty("type").GetString()!);
        Assert.NotEmpty(problem.GetProperty("title").GetString()!);
        return problem;
    }

    private static string MessageAbout(JsonElement problem, string field)
    {
        JsonElement errors = problem.GetProperty("errors");
        Assert.True(errors.TryGetProperty(field, out JsonElement messages), $"No error names '{field}': {problem}");
        return string.Join(' ', messages.EnumerateArray().Select(message => message.GetString()));
    }

    private async Task<long> CountAllAsync()
    {
        JsonElement status = await _http.GetJsonAsync("/status");
        string[] states = ["pending", "running", "completed", "failed", "cancelled"];
        return states.Sum(state => status.GetProperty(state).GetInt64());
    }

    /// <summary>A server that takes small bodies only.</summary>
    public sealed class SmallBodies : IAsyncLifetime
    {
        public const int MaxBody = 10_000;

        public TestServer Server { get; } = new() { Options = options => options with { MaxBody = MaxBody } };

        public Task InitializeAsync() => Server.InitializeAsync();

        public Task DisposeAsync() => Server.DisposeAsync();
    }
}
