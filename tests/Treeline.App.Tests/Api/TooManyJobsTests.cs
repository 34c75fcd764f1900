using System.Net;
using System.Text.Json;
using Treeline.App.Tests.Support;

namespace Treeline.App.Tests.Api;

public sealed class TooManyJobsTests(TestServer server) : IClassFixture<TestServer>
{
    private const string Job = """{"type":"gate","delay":"01:00:00"}""";

    [Fact]
    public async Task One_request_takes_ten_thousand_jobs_and_not_one_more()
    {
        using HttpResponseMessage refused = await server.Http.PostJobsAsync(Jobs(10_001));

        JsonElement problem = await refused.JsonAsync(HttpStatusCode.BadRequest);
        Assert.Contains("10001", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, await server.Http.CountAsync("pending"));

        using HttpResponseMessage taken = await server.Http.PostJobsAsync(Jobs(10_000));

        Assert.Equal(HttpStatusCode.Created, taken.StatusCode);
        Assert.Equal(10_000, await server.Http.CountAsync("pending"));
    }

    private static string Jobs(int count) => $"[{string.Join(',', Enumerable.Repeat(Job, count))}]";
}
