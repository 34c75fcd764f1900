using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Treeline.App.Wire;

namespace Treeline.App.Client;

/// <summary>Talks to a job server. Answers are the JSON it sent.</summary>
internal sealed class JobClient : IDisposable
{
    // For connecting only: an answer may take its time.
    private static readonly TimeSpan s_connectTimeout = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http;

    public JobClient(Uri server) => _http = new HttpClient(new SocketsHttpHandler
    {
        // A proxy for the outside world cannot reach this machine's loopback.
        UseProxy = !server.IsLoopback,
        ConnectTimeout = s_connectTimeout,
    })
    {
        BaseAddress = server.AbsolutePath.EndsWith('/') ? server : new Uri($"{server.AbsoluteUri}/"),
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Submits the job or array of jobs in <paramref name="body"/>. Cancellation: it may have been taken or not.</summary>
    /// <exception cref="ProblemException">The server refused it.</exception>
    public Task<string> SubmitAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var content = new ReadOnlyMemoryContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return SendAsync(new HttpRequestMessage(HttpMethod.Post, "jobs") { Content = content }, cancellationToken);
    }

    /// <summary>A page of jobs. Cancellation: nothing is changed either way.</summary>
    /// <exception cref="ProblemException">The server refused it.</exception>
    public Task<string> ListAsync(string? state, int limit, long? after, CancellationToken cancellationToken)
    {
        string query = string.Create(CultureInfo.InvariantCulture, $"jobs?limit={limit}");
        query += state is null ? "" : $"&state={Uri.EscapeDataString(state)}";
        query += after is null ? "" : string.Create(CultureInfo.InvariantCulture, $"&after={after}");
        return SendAsync(new HttpRequestMessage(HttpMethod.Get, query), cancellationToken);
    }

    /// <summary>One job. Cancellation: nothing is changed either way.</summary>
    /// <exception cref="ProblemException">There is none.</exception>
    public Task<string> ShowAsync(long id, CancellationToken cancellationToken) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Get, Path(id)), cancellationToken);

    /// <summary>Cancels one job. Cancellation: it may have been cancelled or not.</summary>
    /// <exception cref="ProblemException">There is none, or it has finished.</exception>
    public Task<string> CancelAsync(long id, CancellationToken cancellationToken) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Delete, Path(id)), cancellationToken);

    /// <summary>The counts. Cancellation: nothing is changed either way.</summary>
    public Task<string> StatusAsync(CancellationToken cancellationToken) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Get, "status"), cancellationToken);

    /// <summary>Starts to listen to what happens to jobs: when it returns, every later change will be heard.
    /// Cancellation: nothing is listened to.</summary>
    public async Task<JobWatch> WatchAsync(CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await _http.GetAsync(
            "events", HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        try
        {
            await RequireSuccessAsync(response, cancellationToken);
            return await JobWatch.OpenAsync(this, response, cancellationToken);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    public void Dispose() => _http.Dispose();

    private static string Path(long id) => string.Create(CultureInfo.InvariantCulture, $"jobs/{id}");

    private async Task<string> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using (request)
        {
            using HttpResponseMessage response = await _http.SendAsync(request, cancellationToken);
            await RequireSuccessAsync(response, cancellationToken);
            return await response.Content.ReadAsStringAsync(cancellationToken);
        }
    }

    private static async Task RequireSuccessAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        string body = await response.Content.ReadAsStringAsync(cancellationToken);
        Problem? problem = null;
        if (response.Content.Headers.ContentType?.MediaType == "application/problem+json")
        {
            try
            {
                problem = JsonSerializer.Deserialize(body, SparseJson.Instance.Problem);
            }
            catch (JsonException)
            {
                // Not ours after all; the status has to do.
            }
        }

        throw new ProblemException(problem ?? new Problem
        {
            Type = "about:blank",
            Title = response.ReasonPhrase ?? "Error",
            Status = (int)response.StatusCode,
        });
    }
}
