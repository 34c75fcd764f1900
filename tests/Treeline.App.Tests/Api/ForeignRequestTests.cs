using System.Net;
using System.Text.Json;
using Treeline.App.Tests.Support;

namespace Treeline.App.Tests.Api;

/// <summary>Pages of other sites cannot reach the server through the browser of the person who runs it.</summary>
public sealed class ForeignRequestTests(TestServer server) : IClassFixture<TestServer>
{
    private const string Own = "http://127.0.0.1:{port}";

    [Theory]
    // Programs send neither.
    [InlineData("POST", "/jobs", null, null, null, null, true)]
    // The server's own page, under any of its names.
    [InlineData("POST", "/jobs", null, Own, "same-origin", "cors", true)]
    [InlineData("POST", "/jobs", "localhost:{port}", "http://localhost:{port}", "same-origin", "cors", true)]
    [InlineData("POST", "/jobs", "[::1]:{port}", "http://[::1]:{port}", "same-origin", "cors", true)]
    // Typed into the address bar; a link on another site.
    [InlineData("GET", "/status", null, null, "none", "navigate", true)]
    [InlineData("GET", "/status", null, null, "cross-site", "navigate", true)]
    // A form or script of another site, another port, a sandboxed frame.
    [InlineData("POST", "/jobs", null, "https://evil.example", "cross-site", "no-cors", false)]
    [InlineData("POST", "/jobs", null, "https://evil.example", null, null, false)]
    [InlineData("POST", "/jobs", null, "http://127.0.0.1:1", "same-site", "cors", false)]
    [InlineData("POST", "/jobs", null, "null", "cross-site", "cors", false)]
    [InlineData("POST", "/jobs", null, null, "cross-site", "navigate", false)]
    [InlineData("DELETE", "/jobs/1", null, "https://evil.example", "cross-site", "cors", false)]
    [InlineData("GET", "/events", null, null, "cross-site", "no-cors", false)]
    [InlineData("GET", "/tree", null, null, "same-site", "no-cors", false)]
    // A name of somebody else's that resolves to 127.0.0.1 (DNS rebinding).
    [InlineData("GET", "/tree", "evil.example:{port}", null, "same-origin", "cors", false)]
    [InlineData("POST", "/jobs", "evil.example", "http://evil.example", "same-origin", "cors", false)]
    [InlineData("POST", "/jobs", "127.0.0.1.evil.example", null, null, null, false)]
    public async Task Only_programs_and_the_own_page_get_through(
        string method, string path, string? host, string? origin, string? site, string? mode, bool allowed)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
        request.Headers.Host = host is null ? null : WithPort(host);
        Add(request, "Origin", origin is null ? null : WithPort(origin));
        Add(request, "Sec-Fetch-Site", site);
        Add(request, "Sec-Fetch-Mode", mode);
        if (method == "POST")
        {
            request.Content = new StringContent("""{"type":"sleep","args":{"ms":0}}""");
        }

        long before = (await server.Http.AllJobsAsync()).Count;
        using HttpResponseMessage response = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        if (allowed)
        {
            Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        }
        else
        {
            JsonElement problem = await response.JsonAsync(HttpStatusCode.Forbidden);
            Assert.Equal("urn:treeline:problem:foreign-request", problem.GetProperty("type").GetString());
            Assert.Equal(before, (await server.Http.AllJobsAsync()).Count);
        }
    }

    private static void Add(HttpRequestMessage request, string name, string? value)
    {
        if (value is not null)
        {
            request.Headers.Add(name, value);
        }
    }

    private string WithPort(string text) =>
        text.Replace("{port}", $"{server.Address.Port}", StringComparison.Ordinal);
}
