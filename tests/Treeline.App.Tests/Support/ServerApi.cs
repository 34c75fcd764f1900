using System.Net;
using System.Text;
using System.Text.Json;

namespace Treeline.App.Tests.Support;

/// <summary>A server's HTTP API as tests use it: raw requests, parsed JSON.</summary>
public static class ServerApi
{
    public static async Task<HttpResponseMessage> PostJobsAsync(this HttpClient http, string body, string? contentType = "application/json")
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        if (contentType is not null)
        {
            content.Headers.Add("Content-Type", contentType);
        }

        return await http.PostAsync(new Uri("/jobs", UriKind.Relative), content);
    }

    public static async Task<long> SubmitAsync(this HttpClient http, string job)
    {
        using HttpResponseMessage response = await http.PostJobsAsync(job);
        JsonElement body = await response.JsonAsync(HttpStatusCode.Created);
        return body.GetProperty("id").GetInt64();
    }

    public static async Task<long[]> SubmitManyAsync(this HttpClient http, IEnumerable<string> jobs)
    {
        using HttpResponseMessage response = await http.PostJobsAsync($"[{string.Join(',', jobs)}]");
        JsonElement body = await response.JsonAsync(HttpStatusCode.Created);
        return [.. body.GetProperty("ids").EnumerateArray().Select(id => id.GetInt64())];
    }

    public static async Task<JsonElement> GetJsonAsync(this HttpClient http, string path)
    {
        using HttpResponseMessage response = await http.GetAsync(new Uri(path, UriKind.Relative));
        return await response.JsonAsync(HttpStatusCode.OK);
    }

    public static Task<JsonElement> JobAsync(this HttpClient http, long id) => http.GetJsonAsync($"/jobs/{id}");

    public static async Task<string> StateAsync(this HttpClient http, long id) =>
        (await http.JobAsync(id)).GetProperty("state").GetString()!;

    public static Task<string> WaitForStateAsync(this HttpClient http, long id, string state) =>
        Eventually.IsAsync($"job {id} is {state}", () => http.StateAsync(id), seen => seen == state);

    public static async Task<long> CountAsync(this HttpClient http, string state) =>
        (await http.GetJsonAsync("/status")).GetProperty(state).GetInt64();

    /// <summary>Every job there is, page by page.</summary>
    public static async Task<List<JsonElement>> AllJobsAsync(this HttpClient http)
    {
        var jobs = new List<JsonElement>();
        string after = "";
        while (true)
        {
            JsonElement page = await http.GetJsonAsync($"/jobs?limit=1000{after}");
            jobs.AddRange(page.GetProperty("jobs").EnumerateArray());
            if (page.GetProperty("next").ValueKind == JsonValueKind.Null)
            {
                return jobs;
            }

            after = $"&after={page.GetProperty("next").GetInt64()}";
        }
    }

    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage response, HttpStatusCode expected)
    {
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(expected == response.StatusCode, $"Expected {expected}, got {response.StatusCode}: {text}");
        return JsonSerializer.Deserialize<JsonElement>(text);
    }

    /// <summary>The root in a body of <c>/tree</c> that is the server at <paramref name="address"/>: the servers of other
    /// tests may live in the same process.</summary>
    public static JsonElement ServerAt(this JsonElement tree, Uri address) =>
        tree.GetProperty("roots").EnumerateArray().Single(
            root => NodeNames(root).Contains($"acceptor {address.GetLeftPart(UriPartial.Authority)}"));

    /// <summary>The names of a node and all nodes below it.</summary>
    public static IEnumerable<string> NodeNames(this JsonElement root)
    {
        var open = new Stack<JsonElement>([root]);
        while (open.TryPop(out JsonElement node))
        {
            yield return node.GetProperty("name").GetString()!;
            foreach (JsonElement child in node.GetProperty("children").EnumerateArray())
            {
                open.Push(child);
            }
        }
    }
}
