using System.Net;
using System.Text.Json;
using Treeline.App.Tests.Support;

namespace Treeline.App.Tests.Api;

public sealed class SubmitTests(TestServer server) : IClassFixture<TestServer>
{
    private readonly HttpClient _http = server.Http;

    [Fact]
    public async Task One_job_is_answered_with_its_id_and_location()
    {
        using HttpResponseMessage response = await _http.PostJobsAsync("""{"type":"sleep","args":{"ms":1}}""");

        JsonElement body = await response.JsonAsync(HttpStatusCode.Created);
        long id = body.GetProperty("id").GetInt64();
        Assert.Equal($"/jobs/{id}", response.Headers.Location!.OriginalString);
        Assert.Equal(["id"], body.EnumerateObject().Select(property => property.Name));
        await _http.WaitForStateAsync(id, "succeeded");
    }

    [Fact]
    public async Task An_array_is_answered_with_ids_in_its_order()
    {
        using HttpResponseMessage response = await _http.PostJobsAsync(
            """[{"type":"sleep","args":{"ms":1},"priority":1},{"type":"sleep","args":{"ms":2},"priority":2}]""");

        JsonElement body = await response.JsonAsync(HttpStatusCode.Created);
        long[] ids = [.. body.GetProperty("ids").EnumerateArray().Select(id => id.GetInt64())];
        Assert.Equal(2, ids.Length);
        Assert.Equal(1, (await _http.JobAsync(ids[0])).GetProperty("priority").GetInt32());
        Assert.Equal(2, (await _http.JobAsync(ids[1])).GetProperty("priority").GetInt32());
    }

    [Fact]
    public async Task An_array_of_one_is_still_answered_with_ids()
    {
        using HttpResponseMessage response = await _http.PostJobsAsync("""[{"type":"sleep","args":{"ms":1}}]""");

        Assert.Equal(1, (await response.JsonAsync(HttpStatusCode.Created)).GetProperty("ids").GetArrayLength());
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded")] // what a bare curl -d sends
    [InlineData("text/plain")]
    [InlineData(null)]
    public async Task A_json_body_is_taken_whatever_the_content_type_says(string? contentType)
    {
        using HttpResponseMessage response = await _http.PostJobsAsync("""{"type":"sleep","args":{"ms":1}}""", contentType);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
    }

    [Fact]
    public async Task A_byte_order_mark_is_not_minded()
    {
        using HttpResponseMessage response = await _http.PostJobsAsync("\ufeff{\"type\":\"sleep\",\"args\":{\"ms\":1}}");

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
    }

    [Fact]
    public async Task A_job_is_shown_with_all_its_fields()
    {
        long id = await _http.SubmitAsync(
            """{"type":"sleep","args":{"ms":100},"maxAttempts":7,"delay":"01:00:00","priority":-5}""");

        JsonElement job = await _http.JobAsync(id);

        Assert.Equal(
            ["id", "type", "args", "state", "attempts", "maxAttempts", "priority", "createdAt", "runAt", "startedAt",
                "finishedAt", "result", "error", "cancelRequested"],
            job.EnumerateObject().Select(property => property.Name));
        Assert.Equal(id, job.GetProperty("id").GetInt64());
        Assert.Equal("sleep", job.GetProperty("type").GetString());
        Assert.Equal(100, job.GetProperty("args").GetProperty("ms").GetInt32());
        Assert.Equal("pending", job.GetProperty("state").GetString());
        Assert.Equal(0, job.GetProperty("attempts").GetInt32());
        Assert.Equal(7, job.GetProperty("maxAttempts").GetInt32());
        Assert.Equal(-5, job.GetProperty("priority").GetInt32());
        Assert.Equal(JsonValueKind.Null, job.GetProperty("finishedAt").ValueKind);
        Assert.False(job.GetProperty("cancelRequested").GetBoolean());
        Assert.EndsWith("Z", job.GetProperty("createdAt").GetString(), StringComparison.Ordinal);
        Assert.Equal(
            TimeSpan.FromHours(1),
            job.GetProperty("runAt").GetDateTimeOffset() - job.GetProperty("createdAt").GetDateTimeOffset());
    }

    [Fact]
    public async Task Null_means_not_given()
    {
        long id = await _http.SubmitAsync(
            """{"type":"gate","args":null,"maxAttempts":null,"delay":null,"priority":null}""");

        JsonElement job = await _http.JobAsync(id);

        Assert.Equal(3, job.GetProperty("maxAttempts").GetInt32());
        Assert.Equal(0, job.GetProperty("priority").GetInt32());
    }

    [Fact]
    public async Task Text_of_any_alphabet_comes_back_as_it_was()
    {
        long id = await _http.SubmitAsync("""{"type":"gate","args":{"text":"\ud83c\udf32 'häuser' <b> \"x\" \u0000"}}""");

        JsonElement job = await _http.JobAsync(id);

        Assert.Equal("🌲 'häuser' <b> \"x\" \0", job.GetProperty("args").GetProperty("text").GetString());
    }

    [Fact]
    public async Task A_failing_job_is_shown_with_its_error()
    {
        long id = await _http.SubmitAsync("""{"type":"fail","maxAttempts":1}""");

        await _http.WaitForStateAsync(id, "failed");

        JsonElement job = await _http.JobAsync(id);
        Assert.Contains("it was meant to fail", job.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, job.GetProperty("attempts").GetInt32());
    }
}
