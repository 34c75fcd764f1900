using System.Net;
using System.Text.Json;
using Treeline.App.Tests.Support;

namespace Treeline.App.Tests.Api;

public sealed class CancelTests(TestServer server) : IClassFixture<TestServer>
{
    private readonly HttpClient _http = server.Http;

    [Fact]
    public async Task A_waiting_job_is_cancelled_at_once()
    {
        long id = await _http.SubmitAsync("""{"type":"gate","delay":"01:00:00"}""");

        using HttpResponseMessage response = await DeleteAsync(id);

        JsonElement body = await response.JsonAsync(HttpStatusCode.OK);
        Assert.Equal("cancelled", body.GetProperty("state").GetString());
        Assert.Equal("cancelled", await _http.StateAsync(id));
    }

    [Fact]
    public async Task A_running_job_is_told_to_stop_and_is_cancelled_when_it_has()
    {
        long id = await _http.SubmitAsync("""{"type":"gate"}""");
        await _http.WaitForStateAsync(id, "running");

        using HttpResponseMessage response = await DeleteAsync(id);

        JsonElement body = await response.JsonAsync(HttpStatusCode.Accepted);
        Assert.Equal(id, body.GetProperty("id").GetInt64());
        Assert.Equal("running", body.GetProperty("state").GetString());
        await _http.WaitForStateAsync(id, "cancelled");
        Assert.True((await _http.JobAsync(id)).GetProperty("cancelRequested").GetBoolean());
    }

    [Fact]
    public async Task A_finished_job_cannot_be_cancelled()
    {
        long id = await _http.SubmitAsync("""{"type":"sleep","args":{"ms":0}}""");
        await _http.WaitForStateAsync(id, "succeeded");

        using HttpResponseMessage response = await DeleteAsync(id);

        JsonElement problem = await response.JsonAsync(HttpStatusCode.Conflict);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Contains($"Job {id}", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private Task<HttpResponseMessage> DeleteAsync(long id) => _http.DeleteAsync(new Uri($"/jobs/{id}", UriKind.Relative));
}
