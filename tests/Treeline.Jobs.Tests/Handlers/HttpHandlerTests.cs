using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Treeline.Jobs.Tests;

public sealed class HttpHandlerTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public HttpHandlerTests() => _listener.Start();

    private string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/path?q=1";

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task A_call_gives_status_length_and_body()
    {
        await using TestServer server = await TestServer.StartAsync(new JobHandlers().AddHttp());
        Task<string> request = AnswerAsync("HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello");

        long id = await server.SubmitAsync(
            "http", $$$"""{"url":"{{{Url}}}","method":"put","headers":{"X-Mine":"yes","Content-Type":"text/csv"},"body":"a,b"}""");
        Job job = await server.UntilAsync(id, JobState.Succeeded);

        Assert.Equal("""{"status":201,"bytes":5,"body":"hello"}""", job.Result!.Value.GetRawText());
        string sent = await request;
        Assert.StartsWith("PUT /path?q=1 HTTP/1.1\r\n", sent, StringComparison.Ordinal);
        Assert.Contains("X-Mine: yes\r\n", sent, StringComparison.Ordinal);
        Assert.Contains("Content-Type: text/csv\r\n", sent, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\na,b", sent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_long_body_is_counted_in_full_and_kept_in_part()
    {
        await using TestServer server = await TestServer.StartAsync(new JobHandlers().AddHttp());
        Task<string> request = AnswerAsync($"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{new string('x', 100_000)}");

        long id = await server.SubmitAsync("http", $$"""{"url":"{{Url}}"}""");
        Job job = await server.UntilAsync(id, JobState.Succeeded);

        await request;
        Assert.Equal(100_000, job.Result!.Value.GetProperty("bytes").GetInt32());
        Assert.Equal(64 * 1024, job.Result!.Value.GetProperty("body").GetString()!.Length);
    }

    [Fact]
    public async Task A_status_other_than_success_fails_with_the_beginning_of_the_body()
    {
        await using TestServer server = await TestServer.StartAsync(new JobHandlers().AddHttp());
        Task<string> request = AnswerAsync($"HTTP/1.1 503 Busy\r\nContent-Length: 5000\r\n\r\n{new string('x', 5000)}");

        long id = await server.SubmitAsync("http", $$"""{"url":"{{Url}}"}""", maxAttempts: 1);
        Job job = await server.UntilAsync(id, JobState.Failed);

        await request;
        Assert.Equal($"GET {Url} answered 503 Busy: {new string('x', 4096)}", job.Error);
    }

    [Fact]
    public async Task No_answer_in_time_is_a_failure_that_says_so()
    {
        await using TestServer server = await TestServer.StartAsync(new JobHandlers().AddHttp());

        long id = await server.SubmitAsync("http", $$"""{"url":"{{Url}}","timeoutMs":60000}""", maxAttempts: 1);
        using Socket connected = await _listener.AcceptSocketAsync();
        Job job = await server.AdvanceUntilAsync(id, JobState.Failed, TimeSpan.FromSeconds(10), others: 1);

        Assert.Equal($"GET {Url} was not answered within 60000 ms. args.timeoutMs sets the limit.", job.Error);
    }

    [Fact]
    public async Task Nobody_there_is_a_failure()
    {
        string url = Url;
        _listener.Stop();
        await using TestServer server = await TestServer.StartAsync(new JobHandlers().AddHttp());

        long id = await server.SubmitAsync("http", $$"""{"url":"{{url}}"}""", maxAttempts: 1);
        Job job = await server.UntilAsync(id, JobState.Failed);

        Assert.StartsWith($"GET {url} failed: ", job.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_the_job_ends_the_call()
    {
        await using TestServer server = await TestServer.StartAsync(new JobHandlers().AddHttp());

        long id = await server.SubmitAsync("http", $$"""{"url":"{{Url}}"}""");
        using Socket connected = await _listener.AcceptSocketAsync();
        await server.Server.CancelAsync(id);

        Assert.Null((await server.UntilAsync(id, JobState.Cancelled)).Error);
    }

    /// <summary>Answers one request and returns it.</summary>
    private async Task<string> AnswerAsync(string answer)
    {
        using Socket socket = await _listener.AcceptSocketAsync();
        var request = new StringBuilder();
        var buffer = new byte[4096];
        do
        {
            int read = await socket.ReceiveAsync(buffer);
            request.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }
        while (!IsComplete(request.ToString()));

        await socket.SendAsync(Encoding.UTF8.GetBytes(answer));
        socket.Shutdown(SocketShutdown.Send);
        return request.ToString();
    }

    private static bool IsComplete(string request) =>
        request.Contains("\r\n\r\n", StringComparison.Ordinal)
        && (!request.StartsWith("PUT", StringComparison.Ordinal) || request.EndsWith("a,b", StringComparison.Ordinal));
}
