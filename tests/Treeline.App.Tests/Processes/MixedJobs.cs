using System.Text.Json;
using Treeline.App.Tests.Support;

namespace Treeline.App.Tests.Processes;

/// <summary>Jobs of every kind, and the traces by which one can tell from outside which of them ran.</summary>
internal sealed class MixedJobs(Listener listener, string execFile)
{
    public static readonly string[] ServeOptions = ["--allow-exec", "sh", "--workers", "16", "--lease", "2s"];

    /// <summary>Job number <paramref name="n"/>: a quarter each sleeps, counts primes, calls the listener, runs a command.</summary>
    public string Job(int n) => (n % 4) switch
    {
        0 => $$$"""{"type":"sleep","args":{"ms":{{{n % 50}}}}}""",
        1 => $$$"""{"type":"cpu","args":{"n":{{{1_000 + n}}}}}""",
        2 => $$$"""{"type":"http","args":{"url":"{{{listener.Url}}}/ran/{{{n}}}"}}""",
        _ => $$$"""{"type":"exec","args":{"command":"sh","args":["-c","echo {{{n}}} >> '{{{execFile}}}'"]}}""",
    };

    /// <summary>A job that runs until the listener's gate opens.</summary>
    public string Gated(int n) => $$$"""{"type":"http","args":{"url":"{{{listener.Url}}}/gate/{{{n}}}"}}""";

    /// <summary>Fails unless each of the jobs numbered below <paramref name="count"/> that leaves a trace has left one.</summary>
    public void AssertAllRan(int count)
    {
        var paths = new HashSet<string>(listener.Paths);
        var lines = new HashSet<string>(File.ReadAllLines(execFile));
        int[] silent = [.. Enumerable.Range(0, count).Where(n =>
            (n % 4 == 2 && !paths.Contains($"/ran/{n}")) || (n % 4 == 3 && !lines.Contains($"{n}")))];
        Assert.True(silent.Length == 0, $"Jobs that count as done but left no trace: {string.Join(", ", silent)}");
    }

    /// <summary>Waits until every job has succeeded, and fails if one was lost or ended otherwise.</summary>
    public static async Task AssertAllSucceedAsync(HttpClient http, IReadOnlyCollection<long> ids)
    {
        await Eventually.IsAsync(
            $"{ids.Count} jobs are completed", () => http.CountAsync("completed"), completed => completed >= ids.Count);
        List<JsonElement> jobs = await http.AllJobsAsync();
        Assert.Equal(ids.Order(), jobs.Select(job => job.GetProperty("id").GetInt64()).Order());
        Assert.All(jobs, job => Assert.Equal("succeeded", job.GetProperty("state").GetString()));
    }
}
