using System.Text.Json;
using Treeline.App.Tests.Support;

namespace Treeline.App.Tests.Api;

public sealed class ListTests(TestServer server) : IClassFixture<TestServer>
{
    private readonly HttpClient _http = server.Http;

    [Fact]
    public async Task Pages_hold_every_job_once_newest_first()
    {
        long[] ids = await _http.SubmitManyAsync(Enumerable.Repeat("""{"type":"gate","delay":"01:00:00"}""", 7));
        var seen = new List<long>();
        string after = "";
        int pages = 0;
        while (true)
        {
            JsonElement page = await _http.GetJsonAsync($"/jobs?state=pending&limit=3{after}");
            seen.AddRange(page.GetProperty("jobs").EnumerateArray().Select(job => job.GetProperty("id").GetInt64()));
            pages++;
            if (page.GetProperty("next").ValueKind == JsonValueKind.Null)
            {
                break;
            }

            after = $"&after={page.GetProperty("next").GetInt64()}";
        }

        Assert.Equal(ids.Reverse(), seen);
        Assert.Equal(3, pages);
    }

    [Fact]
    public async Task A_state_selects_the_jobs_in_it()
    {
        long failed = await _http.SubmitAsync("""{"type":"fail","maxAttempts":1}""");
        await _http.WaitForStateAsync(failed, "failed");

        JsonElement page = await _http.GetJsonAsync("/jobs?state=failed");

        Assert.Equal([failed], page.GetProperty("jobs").EnumerateArray().Select(job => job.GetProperty("id").GetInt64()));
        Assert.Equal(JsonValueKind.Null, page.GetProperty("next").ValueKind);
    }
}
